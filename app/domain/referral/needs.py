"""What people can be helped with: one row for each social need of the guide, in plain words and as codes.

`service` says no more than "somebody who helps with this", by a code of the value set that is bound to the category.
`finding` is there only where its code claims no more than the category does; whoever knows more names her own.
*Source*: SDOH Clinical Care 3.0.0, SDOH categories and the value sets bound to ServiceRequest.code and Condition.code
(SNOMED CT, US edition of 2025-03).
"""

from dataclasses import dataclass

from app.domain.referral.task import TEMPORARY_CODES
from app.domain.referral.words import SNOMED
from app.fhir.json import JsonObject

UNSPECIFIED = "sdoh-category-unspecified"
# a strength of the person: told, not helped with
PROTECTIVE = "protective-factor"


@dataclass(frozen=True, slots=True)
class Coded:
    system: str
    code: str
    display: str

    @property
    def concept(self) -> JsonObject:
        """A CodeableConcept with this one coding."""
        return {"coding": [{"system": self.system, "code": self.code, "display": self.display}]}


@dataclass(frozen=True, slots=True)
class Need:
    """`words` are for people; `service` is asked for, `finding` is how things stand with the person."""

    category: Coded
    words: str
    service: Coded
    finding: Coded | None = None


def _row(
    category: tuple[str, str], words: str, service: tuple[str, str], finding: tuple[str, str] | None = None
) -> Need:
    return Need(
        Coded(TEMPORARY_CODES, *category), words, Coded(SNOMED, *service), Coded(SNOMED, *finding) if finding else None
    )


NEEDS: tuple[Need, ...] = (
    _row(
        ("food-insecurity", "Food Insecurity"),
        "Food",
        ("464031000124101", "Referral to food pantry program"),
        ("733423003", "Food insecurity"),
    ),
    _row(
        ("homelessness", "Homelessness"),
        "A place to sleep",
        ("471091000124105", "Referral to Emergency Shelter Program"),
        ("32911000", "Homeless"),
    ),
    _row(
        ("housing-instability", "Housing Instability"),
        "Keeping the home (rent, eviction)",
        ("472161000124106", "Referral to housing support program"),
        ("1156191002", "Housing instability"),
    ),
    _row(
        ("inadequate-housing", "Inadequate Housing"),
        "A home in bad repair",
        ("551041000124105", "Referral to housing repair program"),
        ("105531004", "Housing unsatisfactory"),
    ),
    _row(
        ("utility-insecurity", "Utility Insecurity"),
        "Heat, power and water",
        ("662811000124105", "Referral to utility assistance program"),
    ),
    _row(
        ("transportation-insecurity", "Transportation Insecurity"),
        "Rides and transport",
        ("761221000124103", "Referral to transportation support program"),
        ("551691000124106", "Transportation insecurity"),
    ),
    _row(
        ("financial-insecurity", "Financial Insecurity"),
        "Money",
        ("1254705007", "Referral to financial assistance program"),
        ("1184702004", "Financial insecurity"),
    ),
    _row(
        ("material-hardship", "Material Hardship"),
        "Clothes and things for the home",
        ("1230338004", "Referral to charitable organization"),
    ),
    _row(
        ("employment-status", "Employment Status"),
        "Finding or keeping work",
        ("1230339007", "Referral to job center"),
    ),
    _row(
        ("educational-attainment", "Educational Attainment"),
        "School and learning",
        ("1230285007", "Referral to adult learning center"),
    ),
    _row(
        ("health-insurance-coverage-status", "Health Insurance Coverage Status"),
        "Health insurance",
        ("621371000124106", "Referral to Health Insurance Navigator program"),
    ),
    _row(
        ("medical-cost-burden", "Medical Cost Burden"),
        "Paying for medical care",
        ("662881000124103", "Referral to financial counseling program"),
        ("671281000124103", "Financial insecurity due to cost burden of medical expenses"),
    ),
    _row(
        ("personal-health-literacy", "Personal Health Literacy"),
        "Understanding health information",
        ("662761000124103", "Referral to Health Education and Literacy Program"),
        ("871869008", "Difficulty demonstrating health literacy"),
    ),
    _row(
        ("language-access", "Language Access"),
        "An interpreter",
        ("1254706008", "Referral to language interpretation service"),
        ("315593009", "Need for interpreter"),
    ),
    _row(
        ("digital-access", "Digital Access"),
        "Telephone and internet",
        ("841441000124101", "Referral to digital navigator"),
    ),
    _row(
        ("digital-literacy", "Digital Literacy"),
        "Using a computer or a phone",
        ("663301000124106", "Referral to digital literacy program"),
        ("851261000124100", "Inadequate foundation level digital literacy skills"),
    ),
    _row(
        ("social-connection", "Social Connection"),
        "Company and support",
        ("461481000124109", "Referral to peer support"),
    ),
    _row(
        ("stress", "Stress"),
        "Stress and worries",
        ("711281004", "Referral to support group"),
        ("73595000", "Stress"),
    ),
    _row(
        ("intimate-partner-violence", "Intimate Partner Violence"),
        "Safety from a partner",
        ("662931000124109", "Referral to intimate partner violence service"),
    ),
    _row(
        ("elder-abuse", "Elder Abuse"),
        "Safety of an older person",
        ("444543005", "Referral to social services for adult protection"),
    ),
    _row(
        ("veteran-status", "Veteran Status"),
        "Help for veterans",
        ("663281000124107", "Referral to Department of Veterans Affairs Veteran Service Organization"),
    ),
    _row(
        ("incarceration-status", "Incarceration Status"),
        "Life after prison",
        ("464021000124104", "Referral to care navigator"),
    ),
    _row(
        (PROTECTIVE, "Protective Factor"),
        "What goes well",
        ("1268662008", "Coordination of resources to address social needs"),
    ),
    _row(
        (UNSPECIFIED, "SDOH Category Unspecified"),
        "Something else",
        ("308440001", "Referral to social worker"),
    ),
)
# what a form offers
OFFERED: tuple[Need, ...] = tuple(need for need in NEEDS if need.category.code != PROTECTIVE)
_BY_CODE = {need.category.code: need for need in NEEDS}


def need_of(category: str) -> Need | None:
    """The need of an SDOH category's code, such as "food-insecurity"."""
    return _BY_CODE.get(category)
