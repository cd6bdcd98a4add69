"""The tables: what is written is read again, mistakes are named, and what is shipped is what the packages say."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.fhir.profiles import facts
from app.fhir.profiles.facts import (
    AlsoBound,
    Binding,
    ElementFacts,
    Kind,
    ProfileFacts,
    Rule,
    Slicing,
    read,
    written,
)
from app.fhir.profiles.guides import GUIDES, TERMINOLOGY, Tables, conformance
from app.fhir.tables import PROFILES
from app.fhir.terminology import facts as terminology
from app.fhir.terminology.facts import CodeSystemFacts, Concept, Part, ValueSetFacts
from tests.parts import SHARED
from tools import profile_tables, r4_tables

WORDS = st.text("abc -.[]:/'é", min_size=1, max_size=12).map(str.strip).filter(bool)
NAMES = st.text("abcX", min_size=1, max_size=6)
URLS = NAMES.map(lambda name: f"urn:test:{name}")
TYPES = st.sampled_from(["Patient", "Group"]).map(lambda name: facts.R4 + name)
KINDS = st.builds(Kind, st.sampled_from(["Reference", "string", "Extension"]), st.lists(URLS | TYPES, max_size=2).map(tuple), st.lists(URLS, max_size=1).map(tuple))  # fmt: skip
VALUES = st.sampled_from(["x", True, 3, {"coding": [{"system": "urn:s", "code": "a"}]}])
ELEMENTS = st.builds(
    ElementFacts,
    st.lists(NAMES, min_size=1, max_size=3).map(".".join),
    st.none() | st.integers(0, 3),
    st.none() | st.integers(-1, 3),
    st.lists(KINDS, max_size=2).map(tuple),
    st.none() | VALUES,
    st.none(),
    st.none() | st.builds(Binding, st.sampled_from(facts.STRENGTHS), URLS),
    st.booleans(),
)
PROFILE = st.builds(
    ProfileFacts, URLS, WORDS, st.just("Task"), URLS, WORDS, WORDS, st.booleans(),
    st.lists(ELEMENTS, max_size=4, unique_by=lambda each: each.path).map(tuple),
    st.just(()), st.just(()),
    st.lists(st.builds(Rule, NAMES | st.just(""), NAMES, st.sampled_from(["error", "warning"]), WORDS, WORDS), max_size=2).map(tuple),
)  # fmt: skip
PARTS = (
    st.builds(Part, URLS, st.lists(NAMES, min_size=1, unique=True).map(tuple))
    | st.builds(Part, URLS)
    | st.builds(lambda url: Part(set=url), URLS)
    | st.builds(lambda url, some: Part(url, some=some), URLS, WORDS)
)


@given(PROFILE)
def test_a_profile_that_is_written_is_read_again(profile: ProfileFacts) -> None:
    assert read(written(profile)) == profile


@given(st.builds(ValueSetFacts, URLS, NAMES, WORDS, st.lists(PARTS, max_size=3).map(tuple), st.lists(PARTS, max_size=2).map(tuple)))  # fmt: skip
def test_a_value_set_that_is_written_is_read_again(value_set: ValueSetFacts) -> None:
    assert list(terminology.read(terminology.written(value_set))) == [value_set]


@given(st.builds(CodeSystemFacts, URLS, NAMES, st.sampled_from(["complete", "fragment"]), WORDS, st.lists(st.builds(Concept, NAMES, WORDS, st.lists(NAMES, max_size=2).map(tuple)), max_size=3).map(tuple)))  # fmt: skip
def test_a_code_system_that_is_written_is_read_again(system: CodeSystemFacts) -> None:
    assert list(terminology.read(terminology.written(system))) == [system]


def test_slices_and_further_bindings_are_read_again() -> None:
    profile = ProfileFacts(
        "urn:test:one",
        "1",
        "Task",
        "urn:base",
        "One",
        elements=(ElementFacts("input"), ElementFacts("input:form", 1, -1)),
        slicings=(Slicing("input", "closed", (("value", "type"), ("type", "value")), ordered=True),),
        also=(AlsoBound("input:form", "extensible", "urn:vs", "code", "urn:s", "a"),),
    )
    assert read(written(profile)) == profile


@pytest.mark.parametrize(
    "line", ["elements\tcode", "element\tcode\tmany", "rule\t.\tkey\tfatal\ttrue\tx", "also\tcode", "element\tcode\t\t\t\twanted urn:x"]
)  # fmt: skip
def test_a_mistake_in_a_table_is_named_with_its_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 3"):
        read(f"profile\turn:x\t1\ntype\tTask\n{line}\n")
    with pytest.raises(ValueError, match="names it"):
        Tables(["type\tTask\n"])


def test_a_mistake_in_a_table_of_codes_is_named_with_its_line() -> None:
    with pytest.raises(ValueError, match="line 2"):
        list(terminology.read("value-set\turn:x\nfew\turn:s\ta\n"))
    with pytest.raises(ValueError, match="line 1"):
        list(terminology.read("codes\turn:s\ta\n"))


def test_every_shipped_profile_can_be_compiled() -> None:
    judges = conformance().profiles
    for url in judges.facts:
        judges.compiled(judges.facts[url])


@pytest.mark.needs("shared")
def test_the_shipped_tables_are_what_the_packages_say(tmp_path: Path) -> None:
    profile_tables.main(str(SHARED / "fhir" / "packages"), str(tmp_path))
    made = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.tsv")}
    kept = {path.relative_to(GUIDES): path.read_text() for path in GUIDES.rglob("*.tsv") if path.parent.name != "baton"}
    assert made.keys() == kept.keys()
    assert [str(path) for path in made if made[path] != kept[path]] == []
    assert any(path.name in TERMINOLOGY for path in made)


@pytest.mark.needs("shared")
def test_the_tables_of_r4_are_what_its_package_says(tmp_path: Path) -> None:
    r4_tables.main(str(SHARED / "fhir" / "packages" / "hl7.fhir.r4.core#4.0.1.tgz"), str(tmp_path))
    for path in tmp_path.iterdir():
        assert path.read_text() == (PROFILES / "r4" / path.name).read_text(), path.name
