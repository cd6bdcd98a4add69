"""Good JSON that is refused: values, codes, references, what others have. Each says which rule, and where.

Lines of the security sheet's list of attacks are in tests/attacks.
"""

import time
from typing import Any
from uuid import uuid4

import pytest

from tests.api.answers import MARK, refused, without_number
from tests.builders import DELETE, resource
from tests.town import Town

NOBODY = "0198c0de-0000-7000-8000-000000000000"


def patient(**changes: Any) -> dict[str, Any]:
    return resource("Patient", **changes)


@pytest.mark.parametrize(
    ("tree", "code", "at"),
    [
        pytest.param(patient(gender=MARK), "code-invalid", "Patient.gender", id="code outside a required binding"),
        pytest.param(patient(birthDate="2024-01-01\n"), "value", "Patient.birthDate", id="INP-13 trailing newline"),
        pytest.param(patient(birthDate="２０２４"), "value", "Patient.birthDate", id="INP-13 full-width digits"),
        pytest.param(patient(identifier=[{"value": "1\u202e2"}]), "value", "Patient.identifier[0].value", id="INP-09"),
        pytest.param(
            patient(text={"status": "generated", "div": f"<div>{MARK}<script>1</script></div>"}),
            "invariant",
            "Patient.text.div",
            id="INP-14 script",
        ),
    ],
)  # fmt: skip
async def test_a_wrong_value_is_refused_with_its_place(town: Town, tree: dict[str, Any], code: str, at: str) -> None:
    started = time.monotonic()
    issues = refused(await town.ehr.create(tree), 400, code)
    assert any(place.startswith(at) for issue in issues for place in issue["expression"]), issues
    assert time.monotonic() - started < 2


async def test_a_code_that_looks_right_in_another_element_is_refused(town: Town) -> None:
    await_at = await town.ehr.create(resource("Task", status=MARK, **loose_task()))
    refused(await_at, 400, "code-invalid", at="Task.status")


def loose_task() -> dict[str, Any]:
    return dict.fromkeys(("focus", "for_", "requester", "owner"), DELETE)


@pytest.mark.parametrize("size", [2_000, 20_000, 500_000])
async def test_a_long_identifier_is_kept_and_found(town: Town, size: int) -> None:
    """No index entry of PostgreSQL holds it whole."""
    value = "".join(uuid4().hex for _ in range(size // 32))
    made = await town.ehr.create(patient(identifier=[{"system": "urn:long", "value": value}], name=[{"text": "Long"}]))
    assert made.status_code == 201, made.text
    if size < 8_000:
        assert len(await town.ehr.search(f"Patient?identifier=urn:long|{value}")) == 1
        assert await town.ehr.search(f"Patient?identifier=urn:long|{value[:-1]}x") == []


async def test_a_long_name_is_found_by_its_beginning(town: Town) -> None:
    name = "".join(uuid4().hex for _ in range(200))
    assert (await town.ehr.create(resource("Organization", name=name))).status_code == 201
    assert len(await town.ehr.search(f"Organization?name={name[:40]}")) == 1
    assert len(await town.ehr.search(f"Organization?name={name[:2000]}")) == 1


# references


@pytest.mark.parametrize(
    ("text", "status"), [("https://evil.example/x", 422), ("Patient?name=x", 422), (f"urn:uuid:{NOBODY}", 422)]
)
async def test_other_forms_of_references_are_refused(town: Town, text: str, status: int) -> None:
    answer = await town.ehr.create(resource("Condition", subject=text))
    refused(answer, status, "not-found" if text.startswith("urn") else "not-supported", at="Condition.subject")


# hidden is missing


async def test_what_others_have_answers_as_if_it_were_not_there(town: Town) -> None:
    made = (await town.cbo.create(patient())).json()
    for id in (made["id"], NOBODY):
        refused(await town.ehr.get(f"Patient/{id}"), 404, "not-found")
    for address in ("Patient/{}", "Patient/{}/_history/1", "Patient/{}/_history/2"):
        here, there = [await town.ehr.get(address.format(id)) for id in (made["id"], NOBODY)]
        assert without_number(here) == without_number(there)
    here, there = [await town.ehr.update({**made, "id": id}) for id in (made["id"], NOBODY)]
    refused(here, 404, "not-found")
    assert without_number(here) == without_number(there)
    assert (await town.cbo.get(f"Patient/{made['id']}")).json() == made
