"""What people can be helped with: one need for each SDOH category, in plain words and as codes, from the catalogue.

Words and codes stand in `fhir_profiles/catalogue`. The first service of a need says little more than "somebody who
helps with this"; whoever knows more chooses another.
*Source*: SDOH Clinical Care 3.0.0, SDOH categories and the value sets bound to ServiceRequest.code.
"""

from dataclasses import dataclass, replace

from app.domain.referral.task import TEMPORARY_CODES
from app.fhir.terminology.catalogue import Coded, Entry, Service, Words, catalogue

UNSPECIFIED = "sdoh-category-unspecified"
# a strength of the person: told, not helped with
PROTECTIVE = "protective-factor"


@dataclass(frozen=True, slots=True)
class Need:
    """`en` and `es` are for people; `services` are those to choose from, the first is proposed, `chosen` one of them.
    `private`: to be read aloud only where nobody else hears it."""

    category: Coded
    en: Words
    es: Words
    services: tuple[Service, ...]
    private: bool = False
    chosen: Service | None = None

    @property
    def words(self) -> str:
        """What our pages, which are in English, call it."""
        return self.en.label

    @property
    def service(self) -> Coded:
        """What is asked for."""
        return (self.chosen or self.services[0]).coded

    @property
    def wanted(self) -> str:
        """The need, and the service where one was chosen: "Food: meals brought home"."""
        return f"{self.words}: {self.chosen.en}" if self.chosen else self.words

    def asking(self, code: str) -> "Need | None":
        """The need with the service of this code chosen, with none for ""; None for a code that is not offered."""
        if not code:
            return replace(self, chosen=None)
        found = next((each for each in self.services if each.coded.code == code), None)
        return replace(self, chosen=found) if found else None


def _need(entry: Entry) -> Need:
    return Need(
        category=Coded(TEMPORARY_CODES, entry.category, entry.display),
        en=entry.en,
        es=entry.es,
        services=tuple(each for each in entry.services if each.en),
        private=entry.private,
    )


NEEDS: tuple[Need, ...] = tuple(map(_need, catalogue()))
# what a form offers
OFFERED: tuple[Need, ...] = tuple(need for need in NEEDS if need.category.code != PROTECTIVE)
_BY_CODE = {need.category.code: need for need in NEEDS}


def need_of(category: str) -> Need | None:
    """The need of an SDOH category's code, such as "food-insecurity"."""
    return _BY_CODE.get(category)
