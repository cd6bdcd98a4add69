"""Which codes of a chart tell of which social need: tables only; `chart_needs` reads them.

A code may stand in several categories; the first is the likelier one. What the guide's value sets hold but what says
no more than "counselled" or "did not keep to a diet" is left out: a need must be said, not guessed.
*Source*: SDOH Clinical Care 3.0.0, additional bindings of Condition.code and of the screening responses (Gravity value
sets of 2025-05); ICD-10-CM 2025, chapter XXI, Z55 to Z65; LOINC 2.80.
"""

from app.domain.referral.needs import NEEDS, UNSPECIFIED

CATEGORIES = frozenset(need.category.code for need in NEEDS)

# (how the code begins, categories); the longest beginning decides. Z55 to Z65 are social by their chapter.
ICD10: tuple[tuple[str, str], ...] = (
    ("Z55", "educational-attainment"),
    ("Z55.0", "personal-health-literacy educational-attainment"),
    ("Z55.6", "personal-health-literacy"),
    ("Z55.8", "personal-health-literacy"),
    ("Z56", "employment-status"),
    ("Z57", UNSPECIFIED),
    ("Z58", UNSPECIFIED),
    ("Z58.6", "utility-insecurity"),
    ("Z58.8", "material-hardship"),
    ("Z59", UNSPECIFIED),
    ("Z59.0", "homelessness"),
    ("Z59.1", "inadequate-housing"),
    ("Z59.11", "inadequate-housing utility-insecurity"),
    ("Z59.12", "utility-insecurity inadequate-housing"),
    ("Z59.2", "housing-instability"),
    ("Z59.4", "food-insecurity"),
    ("Z59.5", "financial-insecurity"),
    ("Z59.6", "financial-insecurity"),
    ("Z59.7", "financial-insecurity"),
    ("Z59.71", "health-insurance-coverage-status"),
    ("Z59.81", "housing-instability"),
    ("Z59.82", "transportation-insecurity"),
    ("Z59.86", "financial-insecurity"),
    ("Z59.87", "material-hardship"),
    ("Z60", "social-connection"),
    ("Z61", UNSPECIFIED),
    ("Z62", UNSPECIFIED),
    ("Z62.814", "intimate-partner-violence"),
    ("Z62.815", "intimate-partner-violence"),
    ("Z63", UNSPECIFIED),
    ("Z63.8", "social-connection"),
    ("Z64", UNSPECIFIED),
    ("Z65", UNSPECIFIED),
    ("Z65.0", "incarceration-status"),
    ("Z65.1", "incarceration-status"),
    ("Z65.2", "incarceration-status"),
    ("Z65.3", "incarceration-status"),
    ("Z65.8", "social-connection"),
    ("Z73.3", "stress"),
    ("Z91.110", "food-insecurity medical-cost-burden"),
    ("Z91.120", "material-hardship"),
    ("Z91.190", "material-hardship"),
    ("Z91.410", "elder-abuse intimate-partner-violence"),
    ("Z91.411", "elder-abuse intimate-partner-violence"),
    ("Z91.412", "elder-abuse"),
    ("Z91.413", "elder-abuse intimate-partner-violence"),
    ("Z91.414", "intimate-partner-violence"),
    ("Z91.419", "elder-abuse"),
    ("Z91.82", "veteran-status"),
    ("Z91.85", "veteran-status"),
    ("Z91.A10", "food-insecurity"),
    ("Z91.A20", "material-hardship medical-cost-burden"),
    *((f"T{chapter}.{kind}", "elder-abuse") for chapter in (74, 76) for kind in ("01", "91")),
    *(
        (f"T{chapter}.{kind}", "intimate-partner-violence elder-abuse")
        for chapter in (74, 76)
        for kind in ("11", "21", "31", "A1")
    ),
)

# category -> SNOMED CT findings
SNOMED: tuple[tuple[str, str], ...] = (
    ("digital-access", "671361000124103 861171000124107"),
    ("digital-literacy", "851261000124100"),
    ("educational-attainment", "551651000124100"),
    (
        "elder-abuse",
        "12242911000119107 12399491000119102 12399531000119102 15912911000119102 459601000124108 459611000124106"
        " 459901000124103 551461000124100 551471000124107 551561000124104 551571000124106 551581000124109"
        " 551591000124107 551601000124104 611191000124101 611201000124103 697957000 704349002 706872008 706874009"
        " 761141000124101 95929000 95933007",
    ),
    ("employment-status", "160899000 160900005 73438004 741062008"),
    ("financial-insecurity", "1184702004 671281000124103 671441000124105 671451000124107 761551000124109"),
    (
        "food-insecurity",
        "1155680000 445281000124101 470911000124109 470941000124108 470951000124105 706875005 733423003 699653008",
    ),
    ("health-insurance-coverage-status", "671211000124105 761551000124109"),
    ("homelessness", "32911000 611131000124100 611141000124105 611551000124102"),
    (
        "housing-instability",
        "1156191002 1156192009 1156193004 1156194005 1156195006 1156196007 1187272007 611531000124109",
    ),
    (
        "inadequate-housing",
        "105531004 105532006 105535008 105536009 1162585007 1197631001 1197632008 1197634009 1197636006 1197637002"
        " 1197640002 1197641003 1197645007 1197646008 1197647004 224255009 423798004 471981000124106 471991000124109"
        " 472001000124106 5491000175103",
    ),
    ("incarceration-status", "288561000119106"),
    (
        "intimate-partner-violence",
        "22791000175108 288671000119101 288681000119103 293611000119101 412732008 418150003 419951006 420180008"
        " 551441000124104 551451000124102 551481000124105 551491000124108 551501000124100 551511000124102"
        " 551531000124108 551541000124103 551551000124101 706893006 707087005 713820002 720411002 720428004 720741001",
    ),
    ("language-access", "315593009 315594003 745664000"),
    (
        "material-hardship",
        "1230283000 454061000124102 5311000175103 5371000175108 5521000175101 5731000175109 671361000124103"
        " 671371000124105 671381000124108 671391000124106 671401000124108 671421000124103 671431000124100"
        " 671461000124109 671471000124102 671491000124101 715046004 761541000124107",
    ),
    ("medical-cost-burden", "1184702004 671281000124103"),
    ("personal-health-literacy", "1254711005 1254712003 1254713008 1254714002 1254715001 871869008"),
    (
        "social-connection",
        "105411000 105529008 1184686008 1184687004 160726006 160727002 22761000175104 422611005 422650009 422786001"
        " 423315002 425022003 441879005 445071000124105 704489009 733817003 736769008",
    ),
    ("stress", "1193534004 224974006 424582000 442347009 73595000"),
    (
        "transportation-insecurity",
        "160695008 160696009 424629004 551691000124106 551701000124106 551711000124109 551721000124101"
        " 551731000124103 551741000124108 551751000124105 551761000124107 611151000124107 611161000124109 713458007",
    ),
    ("utility-insecurity", "105535008 105536009 423798004 5491000175103 671391000124106 761541000124107"),
    ("veteran-status", "1187600006 1187601005 1187605001 1187607009 1187610002"),
)

# (category, LOINC questions, the answers that tell of the need)
YES, NO = "LA33-6", "LA32-8"
LOINC: tuple[tuple[str, str, str], ...] = (
    ("food-insecurity", "88122-7 88123-5 95399-2 95400-8 95248-1 95256-4 95257-2 95258-0", "LA28397-0 LA6729-3"),
    ("food-insecurity", "88124-3", "LA19952-3"),
    ("food-insecurity", "95264-8", "LA30984-1 LA30985-8 LA30986-6"),
    ("food-insecurity", "95247-3", "LA30966-8 LA30967-6"),
    (
        "food-insecurity",
        "93668-2 95249-9 95251-5 95252-3 95253-1 95254-9 95259-8 95261-4 95262-2 95265-5 96437-9 96438-7",
        YES,
    ),
    ("food-insecurity", "96434-6", NO),
    ("food-insecurity", "93031-3", "LA30125-1"),
    ("utility-insecurity", "93031-3", "LA30124-4"),
    ("medical-cost-burden", "93031-3", "LA30128-5"),
    ("material-hardship", "93031-3", "LA30126-9 LA30127-7 LA30129-3"),
    ("homelessness", "71802-3", "LA31995-6 LA30190-5"),
    ("housing-instability", "71802-3", "LA31994-9"),
    ("housing-instability", "93033-9 93669-0 96439-5 96440-3 96441-1 98976-4 99550-6", YES),
    ("homelessness", "98978-0", YES),
    (
        "inadequate-housing",
        "96778-6 99135-6",
        "LA28580-1 LA31996-4 LA31997-2 LA31998-0 LA31999-8 LA32000-4 LA32001-2 LA32691-0 LA32693-6 LA32694-4 LA32695-1"
        " LA32696-9",
    ),
    ("inadequate-housing", "99134-9", YES),
    ("transportation-insecurity", "93030-5 101351-5", f"LA30133-5 LA30134-3 LA33093-8 {YES}"),
    ("transportation-insecurity", "89569-8", "LA29233-6 LA29234-4"),
    ("transportation-insecurity", "93671-6 99553-0 99594-4", YES),
    ("utility-insecurity", "96779-4", f"LA32002-0 {YES}"),
    ("utility-insecurity", "96435-3 96436-1 96753-9", YES),
    ("financial-insecurity", "76513-1", "LA15832-1 LA22683-9"),
    ("material-hardship", "67089-3", "LA14993-2 LA15369-4"),
    ("material-hardship", "99627-2", "LA10044-8 LA10082-8 LA9933-8"),
    ("material-hardship", "99551-4", YES),
    ("medical-cost-burden", "99552-2", YES),
    ("health-insurance-coverage-status", "76437-3", "LA30194-7"),
    ("educational-attainment", "82589-3", "LA30191-3"),
    ("educational-attainment", "96445-2", YES),
    ("employment-status", "67875-5 89564-9", "LA17956-6 LA29208-8 LA30137-6"),
    ("employment-status", "93673-2 93674-0 96443-7", YES),
    ("employment-status", "96444-5", NO),
    ("language-access", "54588-9", YES),
    ("language-access", "66681-8", "LA8969-3"),
    ("intimate-partner-violence", "76500-8 76501-6 76502-4 76503-2", YES),
    ("stress", "76542-0 93038-8", "LA13902-4 LA13914-9"),
    ("stress", "95395-0", YES),
    ("digital-access", "99800-5", NO),
    ("social-connection", "76508-1 76509-9 76510-7 76511-5 76512-3 63503-7", ""),
    ("veteran-status", "93034-7 68507-3", ""),
)

# answers that tell of no need, or of nothing (refused, not known, maybe later), whatever was asked
NOTHING_NEEDED = frozenset(
    f"{NO} LA28398-8 LA19983-8 LA31993-1 LA9-3 LA30189-7 LA6270-8 LA30983-3 LA30964-3 LA31980-8 LA6568-5 LA29230-2"
    " LA29231-0 LA29232-8 LA15368-6 LA17990-5 LA17957-4 LA31976-6 LA31977-4 LA30122-8 LA4389-8 LA12688-0 LA14226-7"
    " LA15775-2 LA30968-4 LA31439-5 LA30257-2 LA14619-3".split()
)
