"""Patients that nobody is: names, birth dates and addresses put together at random.

Telephone numbers are of the block that is kept free for invented ones (555-01xx), e-mail addresses of `.example`.
"""

from dataclasses import dataclass
from random import Random

GIVEN = {
    "female": ("Amara", "Beatriz", "Claire", "Dolores", "Esther", "Farah", "Grace", "Hanna", "Imani", "Joyce", "Lucia",
               "Mei", "Nadia", "Rosa", "Teresa"),
    "male": ("Abdul", "Brandon", "Carlos", "Darnell", "Elias", "Frank", "George", "Hector", "Ivan", "Jamal", "Leroy",
             "Miguel", "Oscar", "Pedro", "Walter"),
}  # fmt: skip
FAMILY = ("Abara", "Brooks", "Castillo", "Dawson", "Ellison", "Fuentes", "Gallagher", "Haddad", "Ibrahim", "Jankowski",
          "Keller", "Lindqvist", "Moreno", "Nwosu", "Okafor", "Pham", "Quintero", "Reyes", "Sandoval", "Tran", "Vargas",
          "Whitaker", "Yamada", "Zielinski")  # fmt: skip
STREETS = ("Alder Street", "Bridge Road", "Canal Street", "Depot Lane", "Elm Avenue", "Foundry Street", "Harbor Way",
           "Mill Road", "Orchard Lane", "Quarry Road", "Station Street", "Willow Court")  # fmt: skip
LANGUAGES = (("en", "English"),) * 6 + (("es", "Spanish"),) * 3 + (("vi", "Vietnamese"), ("ar", "Arabic"))


@dataclass(frozen=True, slots=True)
class Person:
    """One patient; `record_number` is hers at this EHR, `birth_date` ISO."""

    record_number: str
    given: str
    family: str
    gender: str
    birth_date: str
    phone: str
    email: str
    line: str
    city: str
    state: str
    postal_code: str
    language: tuple[str, str]

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


def people(chance: Random, count: int) -> tuple[Person, ...]:
    """The same people for the same state of `chance`."""
    return tuple(_person(chance, number) for number in range(count))


def _person(chance: Random, number: int) -> Person:
    gender = chance.choice(tuple(GIVEN))
    given, family = chance.choice(GIVEN[gender]), chance.choice(FAMILY)
    year, month, day = chance.randint(1941, 2006), chance.randint(1, 12), chance.randint(1, 28)
    return Person(
        record_number=f"{chance.randint(100, 999)}-{1000 + number}",
        given=given,
        family=family,
        gender=gender,
        birth_date=f"{year}-{month:02}-{day:02}",
        phone=f"555-01{chance.randint(0, 99):02}",
        email=f"{given}.{family}@mail.example".lower(),
        line=f"{chance.randint(2, 980)} {chance.choice(STREETS)}",
        city="Millbrook",
        state="IL",
        postal_code="62999",
        language=chance.choice(LANGUAGES),
    )
