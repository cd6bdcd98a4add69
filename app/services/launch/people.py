"""Who the patient and the clinician are, asked of the EHR with the launch's token, once at its opening.

*Source*: security sheet APP-11 (the patient's name stands on every screen), APP-12, E16.
"""

import asyncio
from dataclasses import dataclass

from app.domain.referral.words import person_name
from app.fhir.json import JsonObject
from app.gateways.ehr.chart import Chart
from app.gateways.ehr.smart import EhrTrouble, Granted
from app.services.launch.context import behind_role
from app.services.launch.refusals import LaunchRefused
from app.services.launch.registration import allowance_of
from app.services.network import Network
from app.services.steps.structure import is_in_shape
from app.store.connections import ConnectionRow

MAX_NAME = 250
NAMELESS = "Name not in the chart"


@dataclass(frozen=True, slots=True)
class Named:
    """`patient` is None where the launch has none."""

    clinician: str
    patient: str | None


async def ask(network: Network, row: ConnectionRow, granted: Granted, user: str | None) -> Named:
    """The patient must be readable: without her name nobody may refer her. The clinician's name is a courtesy.

    `user` is a reference such as Practitioner/7. Raises LaunchRefused; EhrTrouble when the EHR is away.
    """
    chart = Chart(network.outbound, allowance_of(network, row), row.fhir_base, granted.access_token)
    clinician, patient = await asyncio.gather(_clinician(chart, row, user), _patient(chart, row, granted.patient))
    return Named(clinician, patient)


async def _patient(chart: Chart, row: ConnectionRow, patient: str | None) -> str | None:
    if patient is None:
        return None
    try:
        tree = await chart.read("Patient", patient)
    except EhrTrouble as trouble:
        if trouble.kind in ("refused", "ended"):
            raise LaunchRefused("launch-patient-unreadable", row) from None
        raise
    if tree is None:
        raise LaunchRefused("launch-patient-gone", row)
    return name_of(tree)


async def _clinician(chart: Chart, row: ConnectionRow, user: str | None) -> str:
    nobody = f"A user of {row.name}"[:MAX_NAME]
    try:
        tree = await _read(chart, user)
        if tree is not None and tree["resourceType"] == "PractitionerRole":
            tree = await _read(chart, behind_role(tree, row.fhir_base))
    except EhrTrouble:
        return nobody
    return (_name(tree) if tree else "") or nobody


async def _read(chart: Chart, reference: str | None) -> JsonObject | None:
    kind, _, key = (reference or "").partition("/")
    return await chart.read(kind, key) if key else None


def name_of(tree: JsonObject) -> str:
    """A Patient's name for people, never empty."""
    return _name(tree) or NAMELESS


def _name(tree: JsonObject) -> str:
    """Empty also where the name is in a form that nobody knows; whatever else is odd hides no name."""
    named = {"resourceType": tree["resourceType"], "name": tree.get("name", [])}
    return person_name(named)[:MAX_NAME] if is_in_shape(named) else ""
