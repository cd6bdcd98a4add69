"""The catalogue says every need in two languages and in codes; a mistake in a file stops the start and names it."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from app.fhir.profiles.guides import shipped
from app.fhir.terminology.catalogue import FOLDER, KINDS, SYSTEMS, URN, Entry, catalogue, facts
from app.fhir.terminology.facts import CodeSystemFacts, ValueSetFacts, read, written
from app.fhir.terminology.membership import ValueSets

GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare/"
CODES = GUIDE + "CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
ENTRIES = catalogue()
FOOD = ENTRIES[0]
MOST_WORDS_OF_A_SENTENCE = 25
EACH_ENTRY = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.category)


def test_every_category_of_the_guide_has_one_entry_under_the_guides_own_name() -> None:
    value_sets, systems = shipped()[1]
    (part,) = value_sets[GUIDE + "ValueSet/SDOHCC-ValueSetSDOHCategory"].parts
    names = {each.code: each.display for each in systems[CODES].concepts if each.code in (part.codes or ())}
    assert {entry.category: entry.display for entry in ENTRIES} == names
    assert len(ENTRIES) == len(names) == 24


def test_no_two_needs_are_called_the_same_in_either_language() -> None:
    for labels in ([entry.en.label for entry in ENTRIES], [entry.es.label for entry in ENTRIES]):
        assert [label for label, times in Counter(labels).items() if times > 1] == []
        assert [label for label in labels if not 0 < len(label) <= 40] == []


@EACH_ENTRY
def test_a_need_is_explained_in_short_sentences_in_both_languages(entry: Entry) -> None:
    for words in (entry.en, entry.es):
        assert words.explains.endswith(".")
        sentences = re.split(r"[.:] ", words.explains)
        assert [each for each in sentences if not 0 < len(each.split()) <= MOST_WORDS_OF_A_SENTENCE] == []
    assert entry.en.explains != entry.es.explains


@EACH_ENTRY
def test_the_services_of_a_form_differ_in_both_languages_and_the_first_is_a_referral(entry: Entry) -> None:
    offered = [each for each in entry.services if each.en]
    assert offered[0] == entry.services[0]
    assert offered[0].coded.system == SYSTEMS["snomed"]
    for words in ([each.en for each in offered], [each.es for each in offered]):
        assert len(set(words)) == len(words)
        assert all(0 < len(each) <= 60 for each in words)


@EACH_ENTRY
def test_a_handful_of_codes_stands_in_each_list_and_none_twice(entry: Entry) -> None:
    for kind, codes in entry.codes.items():
        assert len({(each.system, each.code) for each in codes}) == len(codes) <= 6
        assert {each.system for each in codes} <= {SYSTEMS[name] for name in KINDS[kind][1]}


def test_what_frightens_is_read_aloud_only_where_nobody_else_hears_it() -> None:
    assert {entry.category for entry in ENTRIES if entry.private} == {"intimate-partner-violence", "elder-abuse"}


def test_the_licences_of_all_systems_stand_beside_the_codes() -> None:
    said = " ".join((FOLDER / "README.md").read_text(encoding="utf-8").replace("\n> ", " ").split())
    for words in (
        *("SNOMED CT", "Affiliate", "UMLS", "ICD-10-CM", "HCPCS", "CPT"),
        "This material contains content from LOINC (http://loinc.org).",
        "LOINC® is a registered United States trademark of Regenstrief Institute, Inc.",
        "used by permission of SNOMED International",
    ):
        assert words in said


def test_as_tables_each_system_is_a_fragment_with_the_words_of_its_codes() -> None:
    fragments = {each.url: each for each in facts() if isinstance(each, CodeSystemFacts)}
    assert set(fragments) == set(SYSTEMS.values())
    assert {each.content for each in fragments.values()} == {"fragment"}
    words = {each.code: each.display for each in fragments[SYSTEMS["icd10"]].concepts}
    assert words["Z59.41"] == "Food insecurity"
    listed = {coded for entry in ENTRIES for codes in entry.codes.values() for coded in codes}
    assert {(url, each.code, each.display) for url, facts in fragments.items() for each in facts.concepts} == {
        (each.system, each.code, each.display) for each in listed
    }


def test_as_tables_each_list_is_a_value_set_that_holds_its_codes_and_no_other() -> None:
    sets = {each.url: each for each in facts() if isinstance(each, ValueSetFacts)}
    systems = {each.url: each for each in facts() if isinstance(each, CodeSystemFacts)}
    known = ValueSets(sets, systems)
    for entry in ENTRIES:
        for kind, codes in entry.codes.items():
            url = f"{URN}:{entry.category}:{kind}"
            assert (url in sets) == bool(codes)
            assert all(known.contains(url, each.system, each.code) for each in codes)
    food = f"{URN}:food-insecurity:services"
    assert sets[food].title == "Food Insecurity: services to ask for"
    assert known.contains(food, "http://www.nlm.nih.gov/research/umls/hcpcs", "S5170") is True
    assert known.contains(food, SYSTEMS["snomed"], "471091000124105") is False


def test_the_tables_can_be_written_and_read_again() -> None:
    assert tuple(read("".join(map(written, facts())))) == facts()


Change = Callable[[str], str]


def instead(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (instead('label = "Comida"', 'label = ""'), "es: label: words are needed"),
        (instead('label = "Comida"', 'label = "Comida "'), "without blanks around them"),
        (instead('label = "Comida"\n', ""), "es: label is missing"),
        (instead("[es]", "[fr]"), "the file: es is missing"),
        (instead("place = 1\n", ""), "the file: place is missing"),
        (instead("place = 1\n", 'place = "first"\n'), "place: a number is needed"),
        (instead("place = 1\n", 'place = 1\nprivate = "no"\n'), "private: true or false is needed"),
        (instead("place = 1\n", "place = 1\nplaces = 1\n"), "the file: nobody knows places"),
        (instead("goals = [", "aims = ["), "codes: goals is missing"),
        (instead("loinc = ", "cpt = "), "screening: a line has one code (loinc) and its display"),
        (instead("{ icd10 = ", "{ loinc = "), "findings: a line has one code (snomed or icd10) and its display"),
        (instead(', en = "food pantry"', ""), "in English and in Spanish, or not at all"),
        (instead(', en = "food pantry", es = "despensa de alimentos"', ""), "the first is what a form proposes"),
        (instead('"464081000124100"', '"464031000124101"'), "services: 464031000124101 stands there twice"),
        (instead("place = 1", "place ="), "Invalid"),
    ],
)
def test_a_mistake_in_a_file_is_said_with_the_files_name(tmp_path: Path, change: Change, said: str) -> None:
    text = (FOLDER / "food-insecurity.toml").read_text(encoding="utf-8")
    (tmp_path / "food-insecurity.toml").write_text(change(text), encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        catalogue(tmp_path)
    assert str(tmp_path / "food-insecurity.toml") in str(raised.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (instead("place = 2", "place = 1"), "the place is also that of food-insecurity"),
        (instead('label = "A place to sleep"', 'label = "Food"'), "the label in English is also that of"),
        (instead('label = "Un lugar para dormir"', 'label = "Comida"'), "the label in Spanish is also that of"),
        (
            instead(
                'loinc = "96777-8", display = "Accountable health communities (AHC) health-related',
                'loinc = "96777-8", display = "Health-related',
            ),
            "96777-8 has another display elsewhere",
        ),
    ],
)
def test_two_files_that_do_not_fit_together_are_told(tmp_path: Path, change: Change, said: str) -> None:
    for name in ("food-insecurity", "homelessness"):
        text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.toml").write_text(change(text) if name == "homelessness" else text, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        catalogue(tmp_path)
    assert str(tmp_path / "homelessness.toml") in str(raised.value)
