"""Links between the entries of a transaction, and from them to what is there: each leads where it was meant to."""

from uuid import uuid4

import pytest

from tests.api.verbs import made, statuses
from tests.builders import entry, put_entry, reference, resource, urn
from tests.town import Town


async def test_links_lead_to_what_the_transaction_makes(town: Town) -> None:
    """http.html#trules: also addresses, the links of a narrative, and references to a version."""
    there, old, new = await made(town, resource("Patient")), f"https://ehr.example/fhir/Patient/{uuid4()}", urn()
    extension = [{"url": "https://x.example", "valueUri": new}, {"url": "https://x.example", "valueString": new}]
    text = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{new}">her</a></div>'}
    answer = await town.ehr.bundle(
        "transaction",
        [
            entry(resource("Patient", extension=extension, text=text), new),
            {**put_entry(there), "fullUrl": old},
            entry(resource("Condition", subject=f"{new}/_history/7")),
            entry(resource("Condition", subject=f"{old}/_history/3")),
        ],
    )
    assert statuses(answer) == ["201", "200", "201", "201"]
    made_one, *_, second, third = [each["resource"] for each in answer.json()["entry"]]
    name = f"Patient/{made_one['id']}"
    assert [each.get("valueUri", each.get("valueString")) for each in made_one["extension"]] == [name, new]
    assert f'<a href="{name}">' in made_one["text"]["div"]
    assert second["subject"]["reference"] == f"{name}/_history/1"
    assert third["subject"]["reference"] == f"Patient/{there['id']}/_history/2"


@pytest.mark.parametrize("named", [False, True])
async def test_a_reference_to_a_version_that_is_there_stays(town: Town, *, named: bool) -> None:
    """Only what an entry is called in the transaction is turned: a source of a revision is the version before it."""
    there = await made(town, resource("Patient"))
    name = f"Patient/{there['id']}"
    seen = await made(town, resource("Observation", subject=f"{name}/_history/1"))
    what = {"role": "revision", "what": {"reference": f"{name}/_history/1"}}
    agent = [{"who": reference(f"Organization/{town.clinic}")}]
    provenance = resource("Provenance", target=[reference(name)], entity=[what], agent=agent)
    entries = [put_entry({**there, "active": True}), entry(provenance), put_entry({**seen, "status": "amended"})]
    if named:  # as many send what they have read
        base = town.world.network.base
        urls = (f"{base}/{name}", f"{base}/Provenance/{uuid4()}", f"{base}/Observation/{seen['id']}")
        entries = [{**each, "fullUrl": url} for each, url in zip(entries, urls, strict=True)]
    answer = await town.ehr.bundle("transaction", entries)
    assert statuses(answer) == ["200", "201", "200"]
    _, second, third = [each["resource"] for each in answer.json()["entry"]]
    assert second["entity"][0]["what"]["reference"] == third["subject"]["reference"] == f"{name}/_history/1"
