"""What each kind of parameter finds, in a real database: R4's own examples where it has some."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.api.answers import refused
from tests.builders import DELETE, refer, resource
from tests.town import Town
from tests.world import FHIR_JSON

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"


@dataclass
class Shelf:
    """Resources of one type by a name of ours, and what a search finds of them."""

    town: Town
    type: str
    names: dict[str, str] = field(default_factory=dict)
    person: str = ""

    async def put(self, label: str, /, **changes: Any) -> str:
        if self.type == "Observation":
            self.person = self.person or (await self.town.ehr.create(resource("Patient"))).json()["id"]
            changes = {"subject": f"Patient/{self.person}", **changes}
        # a number stays as it was written: 5.40 is not 5.4
        body = re.sub(r'"NUMBER ([0-9.e-]+)"', r"\1", json.dumps(resource(self.type, **changes)))
        made = await self.town.ehr.http.post(f"/fhir/{self.type}", content=body, headers={"Content-Type": FHIR_JSON})
        assert made.status_code == 201, made.text
        self.names[made.json()["id"]] = label
        return str(made.json()["id"])

    async def find(self, query: str) -> list[str]:
        """Names in the order of the answer."""
        trees = await self.town.ehr.search(f"{self.type}?{query}")
        return [self.names[tree["id"]] for tree in trees if tree["id"] in self.names]

    async def check(self, expected: Mapping[str, str]) -> None:
        """Each search finds these names, whatever the order."""
        found = {query: " ".join(sorted(await self.find(query))) for query in expected}
        assert found == {query: " ".join(sorted(names.split())) for query, names in expected.items()}


async def test_quantities_are_compared_by_precision_and_unit(town: Town) -> None:
    shelf = Shelf(town, "Observation")
    for name, text, unit in (
        ("a", "5.4", "mg"),
        ("b", "5.40", "mg"),
        ("c", "5.35", "mg"),
        ("d", "5.4", "g"),
        ("e", "6", "mg"),
    ):
        await shelf.put(name, **_quantity(text, unit))
    await shelf.put(
        "less", valueQuantity={"value": 3, "comparator": "<", "system": UCUM, "code": "kg"}, **_no_concept()
    )
    await shelf.put("words", valueQuantity={"value": 7, "unit": "mg"}, **_no_concept())
    await shelf.check(
        {
            "value-quantity=5.4": "a b d",
            f"value-quantity=5.4|{UCUM}|mg": "a b",
            "value-quantity=5.4||mg": "a b",
            "value-quantity=7||mg": "words",
            f"value-quantity=7|{UCUM}|mg": "",
            "value-quantity=5.40||mg": "b",
            "value-quantity=5": "a b c d",
            f"value-quantity=ne5.4|{UCUM}|mg": "c e",
            "value-quantity=gt5.4||mg": "e words",
            "value-quantity=ge5.40||mg": "a b e words",
            "value-quantity=lt5.4||mg": "c",
            "value-quantity=le5.4||mg": "a b c",
            f"value-quantity=sa5.4|{UCUM}|": "e",
            "value-quantity=eb5.4||mg": "c",
            "value-quantity=ap5||mg": "a b c",
            "value-quantity=ap10||mg": "",
            "value-quantity=lt1||kg": "less",
            "value-quantity=gt4||kg": "",
            "value-quantity=3||kg": "",
            "value-quantity=5.4||g,6||mg": "d e",
            "value-quantity=ge5.4||mg&value-quantity=lt6||mg": "a b",
            "value-quantity:missing=false": "a b c d e less words",
        }
    )


def _quantity(text: str, unit: str) -> dict[str, Any]:
    return {"valueQuantity": {"value": f"NUMBER {text}", "system": UCUM, "code": unit}, **_no_concept()}


def _no_concept() -> dict[str, Any]:
    return {"valueCodeableConcept": DELETE}


async def test_a_composite_wants_both_parts_at_one_place(town: Town) -> None:
    shelf = Shelf(town, "Observation")
    await shelf.put("hungry", code=_concept(LOINC, "88122-7"), valueCodeableConcept=_concept(LOINC, "LA28397-0"))
    await shelf.put("fed", code=_concept(LOINC, "88122-7"), valueCodeableConcept=_concept(LOINC, "LA28398-8"))
    await shelf.put("mixed", code=_concept(LOINC, "71802-3"),
                    component=[{"code": _concept("s", "p"), "valueCodeableConcept": _concept("s", "q")},
                               {"code": _concept("s", "r"), "valueCodeableConcept": _concept("s", "t")}])  # fmt: skip
    await shelf.check(
        {
            f"code-value-concept={LOINC}|88122-7${LOINC}|LA28397-0": "hungry",
            "code-value-concept=88122-7$LA28397-0,88122-7$LA28398-8": "hungry fed",
            f"code-value-concept={LOINC}|88122-7${LOINC}|": "hungry fed",
            "code-value-concept=88122-7$|LA28397-0": "",
            "component-code-value-concept=p$q": "mixed",
            "component-code-value-concept=p$t": "",
        }
    )
    refused(await town.ehr.get("Observation?code-value-concept=88122-7"), 400, "value", rule="search-composite")


def _concept(system: str, code: str, **more: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **more}]}


async def test_a_token_has_words_and_a_type(town: Town) -> None:
    shelf = Shelf(town, "Observation")
    await shelf.put("text", code={"text": "Qualité de l'eau", **_concept(LOINC, "x1")})
    await shelf.put("display", code=_concept(LOINC, "x2", display="QUALITE of air"))
    await shelf.check(
        {
            "code:text=qualité": "text display",
            "code:text=qualite of": "display",
            "code:text=eau": "",
            "code:text=l'eau,qualite of": "display",
            "code=x1": "text",
        }
    )
    people = Shelf(town, "Patient")
    record = _concept("http://terminology.hl7.org/CodeSystem/v2-0203", "MR")
    await people.put(
        "record", identifier=[{"system": "s", "value": "of7", "type": record}, {"system": "s", "value": "of8"}]
    )
    await people.put("plain", identifier=[{"system": "s", "value": "of7"}])
    await people.check(
        {
            "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|of7": "record",
            "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|of8": "",
            "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|of7": "",
            "identifier=of7": "record plain",
        }
    )


async def test_not_turns_the_whole_set_round(town: Town) -> None:
    """R4: includes what has no value, and leaves out what has a matching value beside another one."""
    shelf = Shelf(town, "Location")
    for name, tags in (("both", ("na", "nb")), ("one", ("nb",)), ("none", ())):
        meta = {"meta": {"tag": [{"system": "urn:not", "code": code} for code in tags]}} if tags else {}
        await shelf.put(name, name="Nothing", **meta)
    await shelf.check(
        {
            "name=nothing&_tag:not=urn:not|na": "one none",
            "name=nothing&_tag:not=na,nb": "none",
            "name=nothing&_tag=na&_tag=nb": "both",
            "name=nothing&_tag=na,nb": "both one",
            "name=nothing&_tag:missing=true": "none",
            "name=nothing&_tag=urn:not|": "both one",
            "name=nothing&_tag=|na": "",
        }
    )


async def test_names_are_found_by_their_beginning_any_part_or_exactly(town: Town) -> None:
    shelf = Shelf(town, "Patient")
    long = "Xylo " * 48 + "phon"
    for name, family in (("n", "Núñez"), ("s", "Severine-Ωmega"), ("l", long)):
        await shelf.put(name, name=[{"family": family}])
    await shelf.check(
        {
            "family=nunez": "n",
            "family=NÚÑ": "n",
            "family:exact=Núñez": "n",
            "family:exact=núñez": "",
            "family:contains=eve": "s",
            "family:contains=ΩMEGA": "s",
            "family:contains=%25": "",
            "family:contains=phon": "l",
            f"family={long}": "l",
            f"family={long[:-1]}x": "",
            "family:contains=une,eve": "n s",
        }
    )


async def test_what_every_type_has_can_be_asked_for(town: Town) -> None:
    shelf = Shelf(town, "Location")
    profile = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Location"
    made = await shelf.put("one", name="Everywhere", meta={
        "profile": [profile], "source": "https://ehr.example/feed#7", "security": [{"system": "urn:sec", "code": "LOCAL"}],
    })  # fmt: skip
    await shelf.put("other", name="Everywhere")
    await shelf.check(
        {
            f"name=everywhere&_profile={profile}": "one",
            f"name=everywhere&_profile={profile}|3.0.0": "",
            f"name=everywhere&_profile={profile[:-1]}": "",
            "name=everywhere&_source=https://ehr.example/feed%237": "one",
            "name=everywhere&_security=urn:sec|LOCAL": "one",
            "name=everywhere&_profile:missing=true": "other",
            f"_id={made}&name=everywhere": "one",
            f"_id={made},nothing&_lastUpdated=ge2020": "one",
        }
    )
    refused(await town.ehr.get(f"Location?_profile:below={profile}"), 400, "not-supported", rule="search-modifier")
    refused(await town.ehr.get(f"Location?_source:above={profile}"), 400, "not-supported", rule="search-modifier")


async def test_references_are_found_in_every_form_that_clients_send(town: Town) -> None:
    shelf = Shelf(town, "Condition")
    person = (await town.ehr.create(resource("Patient", identifier=[{"system": "urn:mrn", "value": "ref1"}]))).json()[
        "id"
    ]
    base = f"{town.world.network.base}/Patient/{person}"
    await shelf.put("relative", subject=f"Patient/{person}")
    await shelf.put("absolute", subject={"reference": base})
    await shelf.put("logical", subject={"type": "Patient", "identifier": {"system": "urn:mrn", "value": "ref9"}})
    both = "relative absolute"
    await shelf.check(
        {
            f"patient={person}": both,
            f"patient=Patient/{person}": both,
            f"patient={base}": both,
            f"subject={person}": both,
            f"subject:Patient={person}": both,
            f"subject=Patient/{person}": both,
            f"subject=Group/{person}": "",
            "subject:identifier=urn:mrn|ref9": "logical",
            "patient:identifier=ref9": "logical",
            "patient.identifier=urn:mrn|ref1": both,
            f"patient._id={person}": both,
            f"patient:Patient._id={person}": both,
        }
    )


@pytest.mark.parametrize("form", ["{id}", "Patient/{id}", "{base}/Patient/{id}"])
async def test_a_task_is_found_by_its_subject_as_by_its_patient(town: Town, form: str) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    person = sent.ids["Patient"]
    value = form.format(id=person, base=town.world.network.base)
    for name in ("subject", "patient", "subject:Patient"):
        found = await town.ehr.search(f"Task?{name}={value}&_sort=-_lastUpdated")
        assert sent.ids["Task"] in [each["id"] for each in found], name
        assert {each["for"]["reference"] for each in found} == {f"Patient/{person}"}
    assert await town.ehr.search(f"Task?subject={value}&status=completed") == []


async def test_a_status_is_of_its_own_system(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    own, other = "http://hl7.org/fhir/task-status", "urn:oid:1.2.3"
    expected = {
        f"{own}|": True, f"{own}|accepted": True, "accepted": True, f"{other}|,accepted": True, f"{own}|requested": False,
        f"{other}|": False, f"{other}|accepted": False, "|accepted": False,
    }  # fmt: skip
    about = f"Task?_id={sent.ids['Task']}&owner=Organization/{town.platform}&status="
    mine = f"Task?patient={sent.ids['Patient']}&owner=Organization/{town.platform}&status="
    for ask in (about, mine):
        found = {status: bool(await town.ehr.search(ask + status)) for status in expected}
        assert found == expected
