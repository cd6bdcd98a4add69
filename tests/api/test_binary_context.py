"""A Binary is for those who see the resource of its securityContext, too. *Source*: R4 binary.html."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.services.rebuild_index import rebuild_index
from tests.api.answers import refused, without_number
from tests.builders import refer, resource
from tests.conftest import Database
from tests.town import Town
from tests.world import FHIR_JSON, System

NOBODY = "0198c0de-0000-7000-8000-000000000000"
PART = """
UPDATE participation SET until = CASE WHEN $2 THEN 'infinity' ELSE now() END
WHERE resource = $1::uuid AND role = 'author'
"""


@dataclass
class Filed:
    """A document of the pantry about a person, and what refers to it."""

    town: Town
    person: str
    document: str
    made_by: str
    label: str

    async def hide(self, *, again: bool = False) -> None:
        """Takes the person out of the pantry's sight, or gives her back."""
        await self.town.world.rows(PART, self.person, again)


@pytest.fixture
async def filed(town: Town) -> Filed:
    person = (await town.cbo.create(resource("Patient"))).json()["id"]
    tag = {"system": "https://labels.example", "code": uuid4().hex}
    tree = resource("Binary", securityContext={"reference": f"Patient/{person}"}, meta={"tag": [tag]})
    document = (await town.cbo.create(tree)).json()["id"]
    agent = [{"who": {"reference": f"Organization/{town.pantry}"}}]
    signed = await town.cbo.create(resource("Provenance", target=[{"reference": f"Binary/{document}"}], agent=agent))
    assert signed.status_code == 201, signed.text
    return Filed(town, person, document, signed.json()["id"], tag["code"])


def asked(filed: Filed) -> list[tuple[str, str]]:
    """(address, Accept): as FHIR, and as the bytes themselves."""
    as_fhir = [(f"Binary/{filed.document}{more}", FHIR_JSON) for more in ("", "/_history/1", "/_history", "/$meta")]
    return [*as_fhir, *((address, "text/plain") for address, _ in as_fhir[:2])]


async def found(system: System, address: str) -> list[str]:
    """The ids in an answer, whatever their mode."""
    return [tree["id"] for tree in await system.search(address) if tree["resourceType"] != "OperationOutcome"]


async def test_who_does_not_see_its_context_is_told_what_is_told_of_nothing(filed: Filed) -> None:
    """To the byte."""
    ask = filed.town.cbo.http.get
    for address, accept in asked(filed):
        assert (await ask(f"/fhir/{address}", headers={"Accept": accept})).status_code == 200
    await filed.hide()
    for address, accept in asked(filed):
        hidden = await ask(f"/fhir/{address}", headers={"Accept": accept})
        missing = await ask(f"/fhir/{address.replace(filed.document, NOBODY)}", headers={"Accept": accept})
        refused(hidden, 404, "not-found")
        assert without_number(hidden) == without_number(missing)
    await filed.hide(again=True)
    assert (await filed.town.cbo.get(f"Binary/{filed.document}")).status_code == 200


async def test_it_is_found_by_nothing_counted_nowhere_and_comes_along_with_nothing(filed: Filed) -> None:
    system, document = filed.town.cbo, filed.document
    searches = {
        f"Binary?_id={document}": [document],
        f"Binary?_id={document}&_sort=-_lastUpdated": [document],
        f"Binary?_id={document}&_tag={filed.label}": [document],
        f"Binary?_has:Provenance:target:_id={filed.made_by}": [document],
        f"Provenance?_id={filed.made_by}&target:Binary._tag={filed.label}": [filed.made_by],
        f"Provenance?_id={filed.made_by}&target:Binary._id={document}": [filed.made_by],
        f"Provenance?_id={filed.made_by}&_include=Provenance:target": [filed.made_by, document],
    }
    counted = f"Binary?_id={document}&_count=0"
    assert {each: await found(system, each) for each in searches} == searches
    assert (await system.get(counted)).json()["total"] == 1
    assert filed.label in (await system.get("Binary/$meta")).text
    await filed.hide()
    left = {each: [filed.made_by] if "_include" in each else [] for each in searches}
    assert {each: await found(system, each) for each in searches} == left
    assert (await system.get(counted)).json()["total"] == 0
    assert filed.label not in (await system.get("Binary/$meta")).text
    history = (await system.get("Binary/_history?_count=500")).json()
    assert document not in str(history.get("entry", ()))


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_no_entry_of_a_bundle_reads_it(filed: Filed, kind: str) -> None:
    await filed.hide()
    answer = await filed.town.cbo.bundle(kind, [{"request": {"method": "GET", "url": f"Binary/{filed.document}"}}])
    if kind == "transaction":
        refused(answer, 404, "not-found")
    else:
        assert answer.json()["entry"][0]["response"]["status"].startswith("404")


async def test_a_record_brings_it_along_for_who_sees_its_context(filed: Filed) -> None:
    """The record is another person's; a document in it is related to what is about the first one."""
    town = filed.town
    other = (await town.cbo.create(resource("Patient"))).json()["id"]
    related = {"related": [{"reference": f"Binary/{filed.document}"}]}
    await town.cbo.create(resource("DocumentReference", subject=f"Patient/{other}", context=related))
    assert filed.document in await found(town.cbo, f"Patient/{other}/$everything")
    await filed.hide()
    assert filed.document not in await found(town.cbo, f"Patient/{other}/$everything")


async def test_its_author_writes_it_as_long_as_it_is_seen(filed: Filed) -> None:
    tree = (await filed.town.cbo.http.get(f"/fhir/Binary/{filed.document}", headers={"Accept": FHIR_JSON})).json()
    await filed.hide()
    refused(await filed.town.cbo.update(tree), 404, "not-found")
    refused(await filed.town.cbo.http.delete(f"/fhir/Binary/{filed.document}"), 404, "not-found")
    await filed.hide(again=True)
    assert (await filed.town.cbo.update({**tree, "data": "YWJj"})).status_code == 200
    await filed.hide()
    refused(await filed.town.cbo.get(f"Binary/{filed.document}"), 404, "not-found")
    await filed.hide(again=True)
    free = {name: value for name, value in tree.items() if name != "securityContext"}
    assert (await filed.town.cbo.update(free)).status_code == 200
    await filed.hide()
    assert (await filed.town.cbo.get(f"Binary/{filed.document}")).status_code == 200


async def test_a_document_about_somebody_whose_consent_is_withdrawn_is_gone(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    context = {"X-Security-Context": sent.ref("Patient"), "Content-Type": "text/plain"}
    made = await town.cbo.http.post("/fhir/Binary", content=b"notes", headers=context)
    assert made.status_code == 201, made.text
    assert (await town.cbo.get(f"Binary/{made.json()['id']}")).status_code == 200
    assert (await sent.change("Consent", status="inactive")).status_code == 200
    await town.world.settled()
    refused(await town.cbo.get(sent.ref("Patient")), 404, "not-found")
    refused(await town.cbo.get(f"Binary/{made.json()['id']}"), 404, "not-found")


async def test_a_binary_cannot_be_the_context_of_another(filed: Filed) -> None:
    tree = resource("Binary", securityContext={"reference": f"Binary/{filed.document}"})
    answer = await filed.town.cbo.create(tree)
    refused(answer, 422, "business-rule", rule="binary-context", at="Binary.securityContext")


async def test_what_was_stored_before_is_bound_when_its_rows_are_made_anew(
    filed: Filed, module_database: Database
) -> None:
    superuser: Any = await asyncpg.connect(module_database.superuser_dsn)
    await superuser.execute("DELETE FROM binary_context WHERE resource = $1", UUID(filed.document))
    await superuser.close()
    await filed.hide()
    assert (await filed.town.cbo.get(f"Binary/{filed.document}")).status_code == 200
    await rebuild_index(filed.town.world.network, "Binary", lambda done, total: None)
    refused(await filed.town.cbo.get(f"Binary/{filed.document}"), 404, "not-found")
