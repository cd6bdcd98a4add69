"""Terms that a site has imported are answered from their rows, large ones too; what is too large is told so.

*Source*: R4 terminology-service.html; valueset-operation-expand.html (too-costly).
"""

import pytest

from app.services.operations import expand
from app.services.profiles.install import install
from app.services.profiles.packages import terms_in
from app.services.terminology import known
from tests.api.answers import MARK, refused
from tests.api.test_terminology import STATUSES, ask, codes, expanded
from tests.api.test_terminology_codes import LOOKUP, VALIDATE, told
from tests.profiles.packing import Tree, code_system, manifest, packed, value_set
from tests.town import Town

ROOMS = code_system("rooms", "hall", "cell", "attic")
ALL, SOME = value_set("all-rooms", "rooms"), value_set("some-rooms", "rooms", "hall", "cell")
MADE: Tree = {
    **value_set("made", "rooms"),
    "compose": {"include": [{"valueSet": [ALL["url"]]}], "exclude": SOME["compose"]["include"]},
}
LOST: Tree = {**value_set("lost", "rooms"), "compose": {"include": [{"valueSet": ["urn:lost"]}]}}
ROUND: Tree = {**value_set("round", "rooms")}
ROUND["compose"] = {"include": [{"valueSet": [ROUND["url"]]}]}
# of a system that nobody brought, its codes with their words
OTHERS: Tree = {**value_set("others", "rooms")}
OTHERS["compose"] = {"include": [{"system": "urn:others", "concept": [{"code": "o1", "display": "Café"}]}]}


@pytest.fixture(scope="module")
async def site(town: Town) -> Town:
    """The town, which has imported them and goes on running."""
    package = terms_in(packed(ROOMS, ALL, SOME, MADE, LOST, ROUND, OTHERS, head=manifest("site.example")))
    await install(town.world.network, package)
    return town


@pytest.mark.parametrize(
    ("tree", "expected"), [(ALL, ["hall", "cell", "attic"]), (SOME, ["hall", "cell"]), (MADE, ["attic"])]
)
async def test_what_is_imported_is_expanded_from_then_on(site: Town, tree: Tree, expected: list[str]) -> None:
    answer = await ask(site.ehr, "ValueSet/$expand", url=tree["url"])
    assert codes(answer) == expected
    assert expanded(answer)["contains"][0]["display"]
    (found,) = await site.ehr.search(f"ValueSet?url={tree['url']}")
    assert codes(await ask(site.ehr, f"ValueSet/{found['id']}/$expand")) == expected


async def test_words_that_a_value_set_tells_are_known(site: Town) -> None:
    assert codes(await ask(site.ehr, "ValueSet/$expand", url=OTHERS["url"], filter="CAFE")) == ["o1"]
    assert told(await ask(site.ehr, LOOKUP, system="urn:others", code="o1"))["display"] == "Café"
    found = told(await ask(site.ehr, LOOKUP, system=ROOMS["url"], code="hall"))
    assert found == {"name": "rooms", "version": "1.0.0", "display": "Hall"}


async def test_a_code_is_looked_for_in_the_rows(site: Town) -> None:
    for code, result in (("hall", True), ("attic", False), (MARK, False)):
        answer = await ask(site.ehr, VALIDATE, url=SOME["url"], system=ROOMS["url"], code=code)
        assert told(answer)["result"] is result
    assert told(await ask(site.ehr, VALIDATE, url=SOME["url"], system="urn:x", code="hall"))["result"] is False


@pytest.mark.parametrize("tree", [LOST, ROUND])
async def test_what_is_made_of_what_nobody_has_or_of_itself_is_refused(site: Town, tree: Tree) -> None:
    answer = await ask(site.ehr, "ValueSet/$expand", url=tree["url"])
    refused(answer, 422, "not-supported", rule="value-set-unlisted")
    answer = await ask(site.ehr, VALIDATE, url=tree["url"], system="urn:x", code="hall")
    refused(answer, 422, "not-supported", rule="value-set-unlisted")


async def test_a_long_expansion_comes_in_pages_only(site: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "MOST", 5)
    issues = refused(await ask(site.ehr, "ValueSet/$expand", url=STATUSES), 400, "too-costly", rule="expand-size")
    assert "count and offset" in issues[0]["diagnostics"]
    assert len(codes(await ask(site.ehr, "ValueSet/$expand", url=STATUSES, count="7"))) == 7


async def test_the_whole_of_a_large_system_is_too_much(site: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MOST", 3)
    answer = await ask(site.ehr, "ValueSet/$expand", url=ALL["url"], count="1")
    refused(answer, 400, "too-costly", rule="expand-size")
    # whether it has one code can be told all the same
    for code, result in (("attic", True), (MARK, False)):
        answer = await ask(site.ehr, VALIDATE, url=ALL["url"], system=ROOMS["url"], code=code)
        assert told(answer)["result"] is result
