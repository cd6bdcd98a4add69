"""The charts in memory: made from the EHR's people in each flavour, and what apps have written into them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from app.simulate import orders, parties
from app.simulate.fhir.flavours import Flavour, Subject, chart
from app.simulate.needs import NEEDS, Need
from app.simulate.people import Person
from app.simulate.vocabulary import Clinic, Order, Resource

PRACTITIONER = "clinician-1"
SUBJECT_OF: Mapping[str, str] = {
    "Condition": "subject",
    "Observation": "subject",
    "DocumentReference": "subject",
    "Consent": "patient",
    "Task": "for",
}


@dataclass(slots=True)
class Records:
    """`performers`: category of need -> reference of an organization that consents name. `at`: an instant, of all
    entries. `written` holds by Type/id what came in, newest version only."""

    clinic: Clinic
    people: tuple[Person, ...]
    performers: Mapping[str, str]
    at: str
    written: dict[str, Resource] = field(default_factory=dict)
    _made: dict[Flavour, dict[str, Resource]] = field(default_factory=dict)

    def read(self, place: str, flavour: Flavour) -> Resource | None:
        return self.written.get(place) or self._charts(flavour).get(place)

    def of_patient(self, type_name: str, patient: str, flavour: Flavour) -> list[Resource]:
        """In the order they were made; what was written comes last."""
        trees = [*self._charts(flavour).values(), *self.written.values()]
        return [tree for tree in trees if tree["resourceType"] == type_name and patient_of(tree) == patient]

    def write(self, tree: Resource, now: str) -> Resource:
        """Stores a new version; the tree has its id."""
        place = f"{tree['resourceType']}/{tree['id']}"
        before = self.written.get(place)
        version = int(before["meta"]["versionId"]) + 1 if before else 1
        meta = dict(tree.get("meta", {})) | {"versionId": str(version), "lastUpdated": now}
        self.written[place] = tree | {"meta": meta}
        return self.written[place]

    def next_id(self, type_name: str) -> str:
        return f"{type_name[:3].lower()}-{len(self.written) + 1}"

    def person(self, patient: str) -> Person | None:
        return next((each for each in self.people if patient_id(each) == patient), None)

    def needs(self, patient: str) -> tuple[Need, ...]:
        return next((each.needs for each in self.subjects() if each.id == patient), ())

    def subjects(self) -> list[Subject]:
        return [
            Subject(patient_id(person), person, _needs(number), _past(number), self.at)
            for number, person in enumerate(self.people)
        ]

    def _charts(self, flavour: Flavour) -> dict[str, Resource]:
        if flavour not in self._made:
            trees = [tree for subject in self.subjects() for tree in chart(self.clinic, subject, flavour)]
            trees += [*self._consents(), parties.practitioner(self.clinic) | {"id": PRACTITIONER}]
            stamp = {"versionId": "1", "lastUpdated": self.at}
            made = [tree | {"meta": tree.get("meta", {}) | stamp} for tree in trees]
            self._made[flavour] = {f"{tree['resourceType']}/{tree['id']}": tree for tree in made}
        return self._made[flavour]

    def _consents(self) -> list[Resource]:
        """Every third patient has signed for an organization by name, the next one for nobody by name."""
        found = []
        for number, subject in enumerate(self.subjects()):
            if number % 3 == 2:
                continue
            need = subject.needs[0]
            performer = self.performers.get(need.category.code, "")
            order = Order(f"chart-{subject.id}", subject.person, need, "", performer, number % 3 == 0, False, self.at)
            urns = {"patient": f"Patient/{subject.id}", "organization": ""}
            consent = orders.consent(self.clinic, order, urns) | {"id": f"{subject.id}-consent"}
            found.append(consent | {"organization": [{"display": self.clinic.name}]})
        return found


def patient_id(person: Person) -> str:
    """Digits only, since some EHRs give it as a number."""
    return person.record_number.replace("-", "")


def patient_of(tree: Resource) -> str:
    """The id of the patient that it is about, '' where it is about none."""
    if tree["resourceType"] == "Patient":
        return str(tree["id"])
    reference = tree.get(SUBJECT_OF.get(tree["resourceType"], ""), {}).get("reference", "")
    type_name, _, key = str(reference).rpartition("/")
    return key if type_name.rpartition("/")[2] == "Patient" else ""


def has_token(tree: Resource, name: str, wanted: Collection[str]) -> bool:
    """Whether an element holds one of the tokens: `code`, `system|code`, `|code`."""
    value = tree.get(name)
    concepts = value if isinstance(value, list) else [value]
    codings = [coding for each in concepts if isinstance(each, dict) for coding in each.get("coding", ())]
    held = {value} if isinstance(value, str) else set()
    held |= {coding.get("code", "") for coding in codings}
    held |= {f"{coding.get('system', '')}|{coding.get('code', '')}" for coding in codings}
    return bool(held & set(wanted))


def has_identifier(tree: Resource, wanted: str) -> bool:
    """Whether an identifier is the wanted one: `value` or `system|value`."""
    held = [(each.get("system", ""), each.get("value", "")) for each in tree.get("identifier", ())]
    return any(wanted in {value, f"{system}|{value}"} for system, value in held)


def _needs(number: int) -> tuple[Need, ...]:
    first = NEEDS[number % len(NEEDS)]
    return (first,) if number % 2 else (first, NEEDS[(number + 1) % len(NEEDS)])


def _past(number: int) -> Need | None:
    return NEEDS[(number + 2) % len(NEEDS)] if number % 4 == 0 else None
