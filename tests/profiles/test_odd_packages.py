"""What a package says oddly is told for that one definition, the rest is taken; what is kept can be read again."""

import gzip
import io
import resource
import tarfile
from typing import Any

import pytest

from app.fhir.profiles import facts as tables
from app.fhir.profiles import package as packages
from app.fhir.profiles.package import read_package
from app.fhir.terminology import facts as terms
from app.fhir.terminology.facts import CodeSystemFacts, ValueSetFacts
from app.fhir.terminology.membership import ValueSets
from app.fhir.terminology.resources import resource as shown
from app.services.profiles.packages import opened, profiles_of, terms_of
from tests.profiles.packing import SITE, Tree, code_system, packed, profile, value_set
from tests.profiles.test_packages import reason

GOOD = profile("Patient", {"path": "Patient.birthDate", "min": 1})
SYSTEM = f"{SITE}CodeSystem/c"
RULE = {"key": "c-1", "severity": "error", "human": "x", "expression": "true"}


def taken(*definitions: Tree) -> tuple[list[Any], list[str]]:
    """(facts of profiles, code systems and value sets; what is told) of a package with them."""
    told: list[str] = []
    package = opened(packed(*definitions))
    profiles = list(profiles_of(package, {}, told))
    systems, sets = terms_of(package, told)
    return [*profiles, *systems, *sets], told


def a_set(**changes: Any) -> Tree:
    return {**value_set("v", "c"), **changes}


def a_profile(**element: Any) -> Tree:
    return profile("Task", {"path": "Task.code", **element}, name="odd")


def including(**include: Any) -> Tree:
    return a_set(compose={"include": [{"system": SYSTEM, **include}]})


FORGED = "http://a\nrule\t.\tx\terror\tfalse\tx"
ODD = [
    a_set(compose=None),
    a_set(compose={"include": None}),
    a_set(compose={"include": 5}),
    a_set(compose={"include": [5]}),
    a_set(compose={"include": [], "exclude": None}),
    a_set(compose={"include": [{"valueSet": None}]}),
    {**a_set(), "compose": {"include": [{"valueSet": [""]}]}},
    including(concept=None),
    including(concept=[{"code": 5}]),
    including(concept=[{"code": ""}]),
    including(concept=[{"code": "a\tb"}]),
    including(filter=[{"property": "concept", "op": "is-a"}]),
    including(filter=[{"property": "concept", "op": "is-a", "value": ""}]),
    including(system=""),
    a_set(version=5),
    a_set(version="1\n2"),
    a_set(url="http://a\tb"),
    a_set(url="http://a\nb"),
    {**a_set(expansion=None), "compose": None},
    {key: value for key, value in a_set(expansion=[]).items() if key != "compose"},
    {key: value for key, value in a_set(expansion={"contains": [{"code": "a"}]}).items() if key != "compose"},
    code_system("c", "a") | {"concept": [{"code": 5}]},
    code_system("c", "a") | {"concept": [{"code": ""}]},
    code_system("c", "a") | {"concept": 5},
    code_system("c", "a") | {"version": 5},
    a_profile(min="1"),
    a_profile(min=1.5),
    a_profile(min=True),
    a_profile(max=1),
    a_profile(max="many"),
    a_profile(binding={"strength": "required", "valueSet": FORGED}),
    a_profile(constraint=[{**RULE, "key": "c\t1"}]),
    a_profile(constraint=[{**RULE, "key": 5}]),
    a_profile() | {"url": "http://a\tb"},
    a_profile() | {"url": "http://a\nrule\t.\tx\terror\tfalse\tx"},
    a_profile() | {"version": "1\n2"},
    a_profile() | {"version": 5},
    a_profile(type=[{"code": "Reference", "targetProfile": ["http://a) b"]}]),
    a_profile(type=5),
    a_profile(patternCodeableConcept={"text": "\ud800"}),
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_definition_is_told_and_the_rest_is_taken(odd: Tree) -> None:
    found, told = taken(odd, GOOD, value_set("good", "c", "a"))
    assert [each.url for each in found] == [GOOD["url"], f"{SITE}ValueSet/good"]
    assert len(told) == 1
    assert " is not installed: " in told[0]
    assert not set("\n\t") & set(told[0])


KEPT = [
    including(concept=[]),
    including(filter=[{"property": "concept", "op": "descendent-of", "value": "a"}]),
    including(concept=[{"code": "two words"}, {"code": "one"}]),
    a_set(compose={"include": [{"system": SYSTEM, "concept": [{"code": "b c"}]}, {"system": "urn:s"}, {"system": SYSTEM, "concept": [{"code": "d e"}]}]}),
    a_set(compose={"include": [{"system": SYSTEM, "concept": [{"code": "b c"}]}, {"system": SYSTEM, "concept": [{"code": "d e"}]}]}),
    including(concept=[{"code": "CHEST\u00a0"}, {"code": "\u00a0"}, {"code": "a  b"}, {"code": " c "}]),
    a_set(title="Line\u2028after\u0085line"),
    a_profile(patternCodeableConcept={"text": "Line\u2028after\u0085line"}),
    a_profile(constraint=[{**RULE, "human": ""}]),
    a_profile(constraint=[{**RULE, "human": "two\nlines"}]),
]  # fmt: skip


@pytest.mark.parametrize("odd", KEPT, ids=range(len(KEPT)))
def test_what_is_kept_says_the_same_when_it_is_read(odd: Tree) -> None:
    found, told = taken(odd, code_system("c", "a", "b"))
    assert told == []
    for each in found:
        if isinstance(each, ValueSetFacts | CodeSystemFacts):
            assert list(terms.read(terms.written(each))) == [each]
        else:
            assert tables.read(tables.written(each)) == each


def test_a_filter_is_shown_as_it_came_whatever_words_are_in_it() -> None:
    filters = [
        {"property": "display", "op": "=", "value": "salt and pepper"},
        {"property": "concept", "op": "is-a", "value": "x"},
    ]
    (facts,), _ = taken(including(filter=filters))
    assert shown(facts)["compose"]["include"][0]["filter"] == filters


def contains(tree: Tree, *systems: Tree) -> list[str]:
    """Which of a, b, c, d and their capitals a value set holds."""
    found, told = taken(tree, *systems)
    assert told == []
    sets = {each.url: each for each in found if isinstance(each, ValueSetFacts)}
    known = ValueSets(sets, {each.url: each for each in found if isinstance(each, CodeSystemFacts)})
    return [code for code in "abcdABCD" if known.contains(tree["url"], SYSTEM, code)]


def system(*concepts: tuple[str, ...], **changes: Any) -> Tree:
    """A complete one. A concept: its code, and the codes above it."""
    listed = [
        {"code": code, "property": [{"code": "parent", "valueCode": parent} for parent in parents]}
        for code, *parents in concepts
    ]
    return {**code_system("c"), "concept": listed, **changes}


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("is-a", "a", ["a", "c", "d"]),
        ("is-a", "b", ["b", "c", "d"]),
        ("descendent-of", "b", ["c", "d"]),
        ("descendent-of", "d", []),
        ("is-not-a", "b", ["a"]),
    ],
)
def test_a_code_is_below_each_of_its_parents(operator: str, value: str, expected: list[str]) -> None:
    tree = including(filter=[{"property": "concept", "op": operator, "value": value}])
    assert contains(tree, system(("a",), ("b",), ("c", "a", "b"), ("d", "c"))) == expected


@pytest.mark.parametrize("tree", [including(), including(concept=[{"code": "a"}, {"code": "B"}])], ids=["all", "some"])
def test_letters_are_of_any_case_where_the_system_says_so(tree: Tree) -> None:
    assert contains(tree, system(("a",), ("B",))) == ["a", "B"]
    assert contains(tree, system(("a",), ("B",), caseSensitive=False)) == ["a", "b", "A", "B"]


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_header_that_unpacks_without_an_end_is_not_unpacked(kind: bytes) -> None:
    size = 256 * 1024 * 1024
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = kind, size
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1) as made:
        made.write(entry.tobuf(tarfile.GNU_FORMAT))
        for _ in range(size // (1024 * 1024)):
            made.write(b"\0" * 1024 * 1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "larger" in reason(stream.getvalue())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < size // 1024 // 4


def test_headers_one_after_the_other_are_refused_in_words() -> None:
    stream = io.BytesIO()
    for _ in range(3000):
        entry = tarfile.TarInfo("x")
        entry.type, entry.size = tarfile.XGLTYPE, 0
        stream.write(entry.tobuf(tarfile.GNU_FORMAT))
    assert "gzipped tar archive" in reason(gzip.compress(stream.getvalue()))


def test_an_archive_is_unpacked_to_its_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_BYTES", 20_000)
    assert "larger" in reason(packed(files={f"other/{number}.txt": b" " * 900 for number in range(60)}))


def test_a_name_with_a_line_end_is_refused() -> None:
    assert "in one line" in reason(packed(head={"name": "a\nb", "version": "1"}))
    assert read_package(packed()).name == "county.example#1.0.0"


LARGEST = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ({"maxLength": 20}, ["maxLength of code is not checked"]),
        ({"minValueInteger": 1, "maxValueInteger": 9}, ["minValue of code", "maxValue of code"]),
        ({"type": [{"code": "CodeableConcept", "aggregation": ["contained"]}]}, ["aggregation of code"]),
        (
            {"binding": {"strength": "preferred", "extension": [{"url": LARGEST, "valueCanonical": "urn:x"}]}},
            ["the largest value set of code"],
        ),
        ({"min": 1}, []),
    ],
)
def test_what_is_not_turned_into_a_check_is_told(element: Tree, words: list[str]) -> None:
    found, told = taken(a_profile(**element))
    assert len(found) == 1
    assert len(told) == len(words)
    assert all(word in line for word, line in zip(words, told, strict=True))
