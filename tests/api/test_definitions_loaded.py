"""What is installed is read at the next start, whatever another package says of the same codes; what cannot be read is
set aside and named, and stops nothing."""

import asyncpg
import pytest

from app.fhir.profiles.guides import Conformance
from app.services.profiles.install import install
from app.services.profiles.listing import listing
from app.services.profiles.load import load
from app.services.profiles.packages import opened
from tests.api.test_terminology import ask
from tests.api.test_terminology_codes import VALIDATE, told
from tests.conftest import Database
from tests.profiles.packing import SITE, Tree, code_system, manifest, packed, profile, value_set
from tests.town import Town

SYSTEM = code_system("c", "a", "b")
ALL = value_set("all", "c")


def bound(to: Tree, name: str = "bound", **element: object) -> Tree:
    binding = {"strength": "required", "valueSet": to["url"]}
    return profile("Location", {"path": "Location.physicalType", "binding": binding, **element}, name=name)


async def started(town: Town, *definitions: Tree, name: str = "county.example", version: str = "1") -> Conformance:
    """As after an install and a start."""
    body = packed(*definitions, head=manifest(name, version))
    await install(town.world.network, opened(body))
    return await load(town.world.network.store)


def answers(known: Conformance, value_set: Tree, *codes: str) -> list[bool | None]:
    return [known.value_sets.contains(value_set["url"], SYSTEM["url"], code) for code in codes]


async def test_an_empty_filter_and_an_empty_list_are_read_at_the_next_start(empty_town: Town) -> None:
    nothing_below = value_set("below", "c")
    nothing_below["compose"]["include"][0]["filter"] = [{"property": "concept", "op": "descendent-of", "value": "a"}]
    nobody = value_set("nobody", "c")
    nobody["compose"]["include"][0]["concept"] = []
    odd = bound(nobody, "odd", patternCodeableConcept={"text": "Line\u2028after\u0085line"})
    known = await started(empty_town, SYSTEM, nothing_below, bound(nothing_below), nobody, odd)
    assert known.unreadable == ()
    assert answers(known, nothing_below, "a", "b") == [False, False]
    assert answers(known, nobody, "a") == [False]
    assert known.profiles.facts[odd["url"]].elements[0].pattern == {"text": "Line\u2028after\u0085line"}


@pytest.mark.parametrize("text", ["", "profile\thttps://x\nnonsense\n", "profile\thttps://elsewhere\t1\ntype\tTask\n"])
async def test_what_cannot_be_read_is_set_aside_and_named(empty_town: Town, database: Database, text: str) -> None:
    (good, bad, odd) = (bound(ALL), bound(ALL, "bad"), value_set("odd", "c"))
    await started(empty_town, SYSTEM, ALL, good, bad, bound(odd, "of-odd"), odd)
    connection = await asyncpg.connect(database.owner_dsn)
    await connection.execute("UPDATE definition SET facts = $1 WHERE url = $2", text, bad["url"])
    await connection.execute("UPDATE definition SET facts = 'nonsense' WHERE url = $1", odd["url"])
    await connection.execute("UPDATE definition SET required = true WHERE kind = 'profile'")
    await connection.close()
    known = await load(empty_town.world.network.store)
    assert known.unreadable == (bad["url"], odd["url"])
    assert good["url"] in known.profiles.facts
    assert bad["url"] not in known.profiles.facts
    assert known.value_sets.contains(odd["url"], SYSTEM["url"], "a") is None
    rows = [row for row in listing(known) if row.judges.startswith("nothing")]
    assert sorted(row.url for row in rows) == sorted(known.unreadable)
    # and is mended by installing it again
    assert (await started(empty_town, SYSTEM, ALL, good, bad)).unreadable == ()


async def test_a_complete_code_system_is_what_its_own_package_lists(empty_town: Town) -> None:
    words = value_set("words", "c")
    words["compose"]["include"][0]["concept"] = [{"code": code, "display": code} for code in ("a", "zz")]
    await started(empty_town, words, name="pa.example")
    known = await started(empty_town, SYSTEM, ALL, bound(ALL), name="pb.example")
    assert answers(known, ALL, "a", "b", "zz") == [True, True, False]
    for code, result in (("a", True), ("zz", False)):
        answer = await ask(empty_town.ehr, VALIDATE, url=ALL["url"], system=SYSTEM["url"], code=code)
        assert told(answer)["result"] is result
    known = await started(empty_town, value_set("other", "d"), name="pa.example", version="2")
    assert answers(known, ALL, "a", "b", "zz") == [True, True, False]


async def test_words_of_a_value_set_add_no_code_to_the_packages_own_system(empty_town: Town) -> None:
    words = value_set("words", "c")
    words["compose"]["include"][0]["concept"] = [{"code": "zz", "display": "Zz"}]
    known = await started(empty_town, SYSTEM, ALL, words, bound(ALL), bound(words, "of-words"))
    assert answers(known, ALL, "a", "zz") == [True, False]


async def test_letters_of_any_case_are_known_after_a_start(empty_town: Town) -> None:
    some = value_set("some", "c", "a")
    known = await started(empty_town, {**SYSTEM, "caseSensitive": False}, ALL, some, bound(ALL), bound(some, "some"))
    assert answers(known, ALL, "A", "B", "C") == [True, True, False]
    assert answers(known, some, "A", "B") == [True, False]
    for url, code, result in ((ALL, "B", True), (some, "A", True), (some, "B", False)):
        answer = await ask(empty_town.ehr, VALIDATE, url=url["url"], system=SYSTEM["url"], code=code)
        assert told(answer)["result"] is result


async def test_several_parents_of_a_code_are_shown(empty_town: Town) -> None:
    parents = [{"code": "parent", "valueCode": code} for code in "ab"]
    tree = {**SYSTEM, "concept": [{"code": "a"}, {"code": "b"}, {"code": "c", "property": parents}]}
    await started(empty_town, tree)
    (shown,) = await empty_town.ehr.search(f"CodeSystem?url={SITE}CodeSystem/c")
    assert shown["concept"][2]["property"] == parents
