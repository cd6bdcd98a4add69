"""How an organization's own system answers: by the status of its Task, and with a Procedure when it is done."""

from tests.stories.draw import Draw
from tests.stories.referral import PROFILES, TEMPORARY_CODES
from tests.stories.system import System, Tree, reference_to

RESULTING_ACTIVITY = {"coding": [{"system": TEMPORARY_CODES, "code": "resulting-activity"}]}


def answer(system: System, task: Tree, status: str, reason: str = "") -> Tree:
    """The Task as it stands after the answer."""
    return system.update(task | {"status": status} | ({"statusReason": {"text": reason}} if reason else {}))


def complete(system: System, draw: Draw, task: Tree) -> Tree:
    """Says in one transaction what was done and that the Task is completed; the transaction-response."""
    done, order = draw.urn(), system.read(task["focus"]["reference"])
    procedure = {
        "resourceType": "Procedure",
        "meta": {"profile": [PROFILES + "SDOHCC-Procedure"]},
        "status": "completed",
        "basedOn": [task["focus"]],
        "category": {"coding": [coding for category in order["category"] for coding in category["coding"]]},
        "code": order["code"],
        "subject": task["for"],
        "performedDateTime": draw.recent_day().isoformat(),
    }
    completed = task | {"status": "completed"}
    completed["output"] = [{"type": RESULTING_ACTIVITY, "valueReference": {"reference": done}}]
    response = system.transaction([
        {"fullUrl": done, "resource": procedure, "request": {"method": "POST", "url": "Procedure"}},
        {"resource": completed, "request": {"method": "PUT", "url": reference_to(task)}},
    ])  # fmt: skip
    assert [entry["response"]["status"][:3] for entry in response["entry"]] == ["201", "200"]
    return response
