"""Slices: which value belongs to which, and how many there must be. *Source*: R4 profiling.html#discriminator."""

from typing import Any

import pytest

from app.fhir.profiles.context import MAX_DEPTH
from app.fhir.profiles.library import Profiles
from tests.profiles.making import Tree, judged, places, table

TASK: Tree = {
    "resourceType": "Task",
    "status": "requested",
    "intent": "order",
    "input": [
        {"type": {"coding": [{"system": "urn:s", "code": "form"}]}, "valueString": "x"},
        {"type": {"coding": [{"system": "urn:s", "code": "contact"}]}, "valueReference": {"reference": "Patient/1"}},
    ],
}
BY_TYPE = (
    "slices ; input ; open ; value type",
    'element ; input:form.type ;  ;  ; pattern {"coding":[{"system":"urn:s","code":"form"}]}',
)


def task(*inputs: Tree) -> Tree:
    return {**TASK, "input": list(inputs)}


FORM, CONTACT = TASK["input"]


def test_a_slice_has_as_many_as_it_must() -> None:
    profile = table("Task", *BY_TYPE, "element ; input:form ; 1..1")
    assert judged(TASK, profile) == []
    assert places(judged(task(CONTACT), profile)) == [("profile-slice", "Task.input")]
    assert places(judged(task(FORM, FORM), profile)) == [("profile-slice", "Task.input")]


def test_what_a_slice_says_holds_for_its_own_values_only() -> None:
    profile = table("Task", *BY_TYPE, "element ; input:form ; 0..*", "element ; input:form.value[x] ;  ; url")
    assert places(judged(TASK, profile)) == [("profile-type", "Task.input[0].value")]
    assert judged(task(CONTACT), profile) == []


def test_a_closed_slicing_takes_no_strangers() -> None:
    profile = table("Task", "slices ; input ; closed ; value type", BY_TYPE[1], "element ; input:form ; 0..*")
    assert places(judged(TASK, profile)) == [("profile-slice", "Task.input[1]")]


def test_what_fits_two_slices_is_told() -> None:
    other = 'element ; input:too.type ;  ;  ; pattern {"coding":[{"code":"form"}]}'
    lines = (*BY_TYPE, other, "element ; input:form ; 0..1", "element ; input:too ; 0..1")
    assert places(judged(TASK, table("Task", *lines))) == [("profile-slice", "Task.input[0]")]


def test_an_order_is_kept() -> None:
    lines = (
        "slices ; input ; open ordered ; value type",
        "element ; input:contact ; 0..1",
        'element ; input:contact.type ;  ;  ; pattern {"coding":[{"code":"contact"}]}',
        "element ; input:form ; 0..1",
        BY_TYPE[1],
    )
    assert places(judged(TASK, table("Task", *lines))) == [("profile-slice", "Task.input[1]")]
    assert judged(task(CONTACT, FORM), table("Task", *lines)) == []


@pytest.mark.parametrize(
    "lines",
    [
        ("slices ; input ; open ; type value", "element ; input:one ; 2..", "element ; input:one.value[x] ;  ; Reference"),
        ("slices ; input ; open ; exists value.reference", "element ; input:one ; 2..", "element ; input:one.value[x].reference ; 1.."),
        ("slices ; input ; open ; exists value.reference", "element ; input:one ; 2..", "element ; input:one.value[x].reference ; ..0"),
        ("slices ; input ; open ; value type.coding.code", "element ; input:one ; 2..", 'element ; input:one.type.coding.code ;  ;  ; fixed "form"'),
        ("slices ; input ; open ; value type", "element ; input:one ; 2..", "element ; input:one.type ;  ;  ;  ; required urn:vs:forms"),
        ("slices ; input ; open ; profile value.resolve()", "element ; input:one ; 2..", "element ; input:one.value[x] ;  ; Reference(Patient)"),
        ("slices ; input ; open ; type value ; value type", "element ; input:one ; 2..", "element ; input:one.value[x] ;  ; string", BY_TYPE[1].replace("form.", "one.")),
        ("slices ; input ; open ; value type.coding", "element ; input:one ; 2..", 'element ; input:one.type ;  ;  ; pattern {"coding":[{"code":"contact"}]}'),
    ],
)  # fmt: skip
def test_every_kind_of_discriminator_tells_one_of_two(lines: tuple[str, ...]) -> None:
    """Each demands two of a slice of which there is one: so exactly one belongs to it."""
    forms = "value-set\turn:vs:forms\t1\tForms\ncodes\turn:s\tform\n"
    for minimum, expected in (("2..", [("profile-slice", "Task.input")]), ("1..1", [])):
        profile = table("Task", *(line.replace("2..", minimum) for line in lines))
        assert places(judged(TASK, profile, terminology=forms)) == expected, minimum


def test_what_a_reference_leads_to_decides_where_it_can_be_had() -> None:
    grown = table("Patient", "element ; birthDate ; 1..", name="grown")
    profile = table("Task", "slices ; basedOn ; open ; profile resolve()", "element ; basedOn:one ; 1.. ; Reference(urn:test:grown)")  # fmt: skip
    tree = {**TASK, "basedOn": [{"reference": "Patient/1"}]}
    patient: Tree = {"resourceType": "Patient", "id": "1"}
    assert judged(tree, profile, grown) == [], "nobody can tell"
    assert judged(tree, profile, grown, resources={"Patient/1": {**patient, "birthDate": "2000"}}) == []
    assert places(judged(tree, profile, grown, resources={"Patient/1": patient})) == [("profile-slice", "Task.basedOn")]
    other = {**TASK, "basedOn": [{"reference": "Group/1"}]}
    assert places(judged(other, profile, grown)) == [("profile-slice", "Task.basedOn")]


def test_types_of_a_choice_are_slices_too() -> None:
    lines = (
        "slices ; value[x] ; open ; type $this",
        "element ; value[x]:valueQuantity ; 0..1 ; Quantity",
        "element ; value[x]:valueQuantity.unit ; 1..",
    )
    seen: Tree = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    profile = table("Observation", *lines)
    assert places(judged({**seen, "valueQuantity": {"value": 1}}, profile)) == [
        ("profile-required", "Observation.value.unit")
    ]
    assert judged({**seen, "valueString": "x"}, profile) == []


def test_extensions_are_told_apart_by_their_profile() -> None:
    extension = table("Extension", name="flag")
    profile = table(
        "Task", "slices ; extension ; open ; value url", "element ; extension:flag ; 1..1 ; Extension[urn:test:flag]"
    )
    flag = {"url": "urn:test:flag", "valueBoolean": True}
    assert judged({**TASK, "extension": [flag]}, profile, extension) == []
    assert places(judged({**TASK, "extension": [{**flag, "url": "urn:other"}]}, profile, extension)) == [
        ("profile-slice", "Task.extension")
    ]
    assert places(judged(TASK, profile, extension)) == [("profile-slice", "Task.extension")]


def test_a_slice_whose_only_element_is_missing_is_told_without_any_value() -> None:
    profile = table("Task", *BY_TYPE, "element ; input:form ; 1..")
    assert places(judged({k: v for k, v in TASK.items() if k != "input"}, profile)) == [("profile-slice", "Task.input")]


def test_resources_that_refer_to_each_other_are_judged_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of forty orders says that it is based on all forty; a slice looks behind every reference."""
    slices = (
        "slices ; basedOn ; closed ; profile resolve()",
        "element ; basedOn:fit ; 0..* ; Reference(urn:test:one)",
    )
    everyone = [{"reference": f"ServiceRequest/{number}"} for number in range(40)]
    orders = {each["reference"]: {"resourceType": "ServiceRequest", "basedOn": everyone} for each in everyone}
    looked = 0
    original = Profiles.find

    def counted(self: Profiles, *args: Any) -> None:
        nonlocal looked
        looked += 1
        original(self, *args)

    monkeypatch.setattr(Profiles, "find", counted)
    assert judged(orders["ServiceRequest/0"], table("ServiceRequest", *slices), resources=orders) == []
    assert looked <= 40 * (MAX_DEPTH + 1)


def test_what_is_contained_refers_to_what_is_beside_it() -> None:
    lines = ("slices ; focus ; open ; profile resolve()", "element ; focus:fit ; 1..1 ; Reference(urn:test:two)")
    two = table("ServiceRequest", "element ; requester ; 1.. ; Reference(urn:test:three)", name="two")
    three = table("Patient", "element ; active ; 1..", name="three")
    order = {"resourceType": "ServiceRequest", "id": "o", "requester": {"reference": "#p"}}
    good = {"resourceType": "Patient", "id": "p", "active": True}
    tree = {"resourceType": "Task", "focus": {"reference": "#o"}, "contained": [order, good]}
    assert judged(tree, table("Task", *lines), two, three) == []
    del good["active"]
    assert places(judged(tree, table("Task", *lines), two, three)) == [("profile-slice", "Task.focus")]


def test_what_is_contained_is_held_to_what_it_declares() -> None:
    two = table("Patient", "element ; active ; 1..", name="two")
    person = {"resourceType": "Patient", "id": "p", "meta": {"profile": ["urn:test:two|1"]}}
    tree = {"resourceType": "Task", "for": {"reference": "#p"}, "contained": [person]}
    assert places(judged(tree, table("Task"), two)) == [("profile-required", "Task.contained[0].active")]


def coded(*codes: str) -> Tree:
    return {"coding": [{"system": "urn:s", "code": code} for code in codes]}


def test_what_is_contained_is_not_held_to_another_version() -> None:
    grown = table("Patient", "element ; birthDate ; 1..", name="grown")
    tree: Tree = {"resourceType": "Task", "contained": [{"resourceType": "Patient", "id": "p"}]}
    for version, expected in (("", 1), ("|1", 1), ("|2", 0)):
        tree["contained"][0]["meta"] = {"profile": [f"urn:test:grown{version}"]}
        assert len(judged(tree, table("Task"), grown)) == expected


def test_what_is_of_no_slice_stands_at_the_end() -> None:
    """Of an element that is openAtEnd."""
    lines = (
        "slices ; category ; openAtEnd ; pattern $this",
        'element ; category:a ; 1..1 ;  ; pattern {"coding":[{"system":"urn:s","code":"a"}]}',
    )
    tree = {"resourceType": "Observation", "category": [coded("a"), coded("z")]}
    assert judged(tree, table("Observation", *lines)) == []
    tree["category"] = [coded("z"), coded("a")]
    assert places(judged(tree, table("Observation", *lines))) == [("profile-slice", "Observation.category[1]")]


RESLICED = (
    "slices ; category ; open ; pattern $this",
    'element ; category:s ; 1..* ;  ; pattern {"coding":[{"system":"urn:s"}]}',
    "slices ; category:s ; closed ; pattern $this",
    'element ; category:s/a ; 1..1 ;  ; pattern {"coding":[{"system":"urn:s","code":"a"}]}',
    'element ; category:s/b ; 0..1 ;  ; pattern {"coding":[{"system":"urn:s","code":"b"}]}',
)


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ([coded("a")], []),
        ([coded("a"), coded("b"), {"coding": [{"system": "urn:other", "code": "z"}]}], []),
        ([coded("b")], ["Observation.category"]),
        ([coded("a"), coded("z")], ["Observation.category[1]"]),
        ([coded("a"), coded("a")], ["Observation.category"]),
    ],
)
def test_a_slice_has_slices(categories: list[Tree], expected: list[str]) -> None:
    tree = {"resourceType": "Observation", "category": categories}
    assert [issue.at for issue in judged(tree, table("Observation", *RESLICED))] == expected


def test_slices_that_nothing_tells_apart_refuse_nothing() -> None:
    lines = ("slices ; category ; closed", "element ; category:a ; 1..1", "element ; category:b ; 0..1")
    tree = {"resourceType": "Observation", "category": [coded("a"), coded("z")]}
    assert judged(tree, table("Observation", *lines)) == []


@pytest.mark.parametrize("named", [{}, {"type": "Task"}])
def test_the_type_of_what_is_contained_is_seen_whatever_the_reference_names(named: Tree) -> None:
    lines = (
        "slices ; partOf ; closed ; type resolve()",
        "element ; partOf:task ; 0..1 ; Reference(http://hl7.org/fhir/StructureDefinition/Task)",
    )
    contained = [{"resourceType": "Patient", "id": "p"}]
    tree = {"resourceType": "Task", "contained": contained, "partOf": [{"reference": "#p", **named}]}
    assert ("profile-slice", "Task.partOf[0]") in places(judged(tree, table("Task", *lines)))
