"""Names whatever their punctuation, canonicals with their version and without: R4's own words, in a real database."""

from tests.api.test_searching_values import Shelf
from tests.builders import DELETE
from tests.town import Town


async def test_names_are_found_whatever_their_punctuation_and_spaces(town: Town) -> None:
    """R4 search.html#string."""
    shelf = Shelf(town, "Practitioner")
    for name, family in (("o", "O'Brien"), ("typed", "O’Brien-Smith"), ("m", "St.  Mary"), ("marks", "?!")):
        await shelf.put(name, name=[{"family": family}])
    await shelf.check(
        {
            "family=obrien": "o typed",
            "family=O'BRIEN": "o typed",
            "family=O`Brien": "o typed",
            "family=o brien": "",
            "family=obriensmith": "typed",
            "family=st mary": "m",
            "family=St.%20%20Mary": "m",
            "family=stmary": "",
            "family:exact=O'Brien": "o",
            "family:exact=OBrien": "",
            "family:exact=St.  Mary": "m",
            "family:exact=St. Mary": "",
            "family:contains=n-s": "typed",
            "family:contains=.": "",
            "family=?": "marks",
            "family:contains=!": "marks",
            "name:missing=false": "o typed m marks",
        }
    )
    assert await shelf.find("family=o,st&_sort=family") == ["o", "typed", "m"]


async def test_a_canonical_is_found_by_its_version_and_by_none(town: Town) -> None:
    shelf, url = Shelf(town, "Location"), "http://profiles.example/place"
    for name, profile in (
        ("plain", url),
        ("seven", f"{url}|7.0.0"),
        ("six", f"{url}|6.1.0"),
        ("other", f"{url}-x|7.0.0"),
    ):
        await shelf.put(name, meta={"profile": [profile]})
    await shelf.check(
        {
            f"_profile={url}": "plain seven six",
            f"_profile={url}|7.0.0": "seven",
            f"_profile={url}|7": "",
            f"_profile={url}|6.1.0,{url}-x": "six other",
        }
    )
    answers, form = Shelf(town, "QuestionnaireResponse"), f"{town.world.network.base}/Questionnaire/q1"
    for name, questionnaire in (("any", form), ("one", f"{form}|1")):
        await answers.put(name, questionnaire=questionnaire, subject=DELETE)
    await answers.check(
        {f"questionnaire={form}": "any one", f"questionnaire={form}|1": "one", f"questionnaire={form}|2": ""}
    )
