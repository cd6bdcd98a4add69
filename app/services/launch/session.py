"""A launched clinician at one patient: who she is on each request, her patient's chart, and the end of it.

*Source*: security sheet APP-08, APP-13, APP-14, SES-01, SES-02.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.domain.access.scopes import Scopes
from app.fhir.errors import BusinessRule, Login
from app.gateways.ehr.chart import Capabilities, Chart
from app.gateways.ehr.smart import EhrTrouble
from app.services.caller import Caller
from app.services.identity.secrets import hash_of
from app.services.launch.context import is_id
from app.services.launch.noting import clinician_caller
from app.services.launch.refusals import LaunchOver
from app.services.launch.registration import allowance_of
from app.services.launch.tokens import live_token, renewed
from app.services.network import Network
from app.services.resume_write_backs import resume_write_backs
from app.store import connections, launch_tokens, launches, members
from app.store.connections import ConnectionRow
from app.store.launches import SessionRow

TOUCH_EVERY: Final = timedelta(seconds=60)
# how many of a patient's launches are looked at for a write-back
KEPT: Final = 20


@dataclass(frozen=True, slots=True)
class Launched:
    """`patient` is the EHR's id, None until one is chosen; `csrf` is the token that her forms carry."""

    id: UUID
    caller: Caller
    connection: ConnectionRow
    member: UUID
    member_name: str
    time_zone: str
    clinician: str
    patient: str | None
    patient_name: str
    scopes: frozenset[str]
    csrf: str
    banner: bool
    fhir_user: str | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A session of the same browser that has ended: which patient it was at."""

    id: UUID
    patient_name: str


@dataclass(frozen=True, slots=True)
class KeptLaunch:
    """A launch whose tokens may still work, whoever's it was; `scopes` as they were granted."""

    id: UUID
    connection: ConnectionRow
    scopes: Scopes


async def authenticate_launch(network: Network, secret: str, request_id: str) -> Launched:
    """Who holds this session now, asked of the database each time. Raises Login."""
    now = network.clock.now()
    idle_since = now - timedelta(seconds=network.settings.session_idle_s)
    async with network.store.unit(()) as unit:
        found = await launches.by_secret(unit, hash_of(secret))
        if found is None or found.ended_at or found.expires_at <= now or found.seen_at <= idle_since:
            raise Login("launch-ended", "This launch has ended. Launch Baton again from the EHR.")
        row = await connections.by_id(unit, found.connection)
        assert row is not None  # a foreign key
        member = (await members.get(unit, (row.member,)))[row.member]
    if now - found.seen_at > TOUCH_EVERY:
        async with network.store.unit((), write=True) as unit:
            await launches.touch(unit, found.id, now)
    return _launched(found, row, member.name, member.time_zone, request_id)


def _launched(found: SessionRow, row: ConnectionRow, member_name: str, time_zone: str, request_id: str) -> Launched:
    return Launched(
        id=found.id,
        caller=clinician_caller(row, found.clinician or found.id, request_id),
        connection=row,
        member=row.member,
        member_name=member_name,
        time_zone=time_zone,
        clinician=found.clinician_name or f"A user of {row.name}",
        patient=found.patient,
        patient_name=found.patient_name or "",
        scopes=frozenset(found.scopes.split()),
        csrf=found.csrf_secret.hex(),
        banner=bool(found.context.get("banner", True)),
        fhir_user=found.fhir_user,
    )


async def ehr_behind(network: Network, secret: str) -> ConnectionRow | None:
    """Whose launch this secret once named, ended or not: its pages may still show ours in a frame."""
    async with network.store.unit(()) as unit:
        found = await launches.by_secret(unit, hash_of(secret))
        return await connections.by_id(unit, found.connection) if found else None


async def earlier(network: Network, session: UUID, now_open: UUID) -> Earlier | None:
    """The session of this id, when the browser of the one that is open now had it."""
    async with network.store.unit(()) as unit:
        found = await launches.of_same_browser(unit, session, now_open)
    return Earlier(found.id, found.patient_name or "") if found else None


async def chart_of(network: Network, launched: Launched) -> Chart:
    """The EHR's chart, with a token that is good now. Raises LaunchOver, or EhrTrouble when the EHR does not answer."""
    return await _chart(network, launched.id, launched.connection)


async def kept_launches(network: Network, connection: UUID, patient: str) -> list[KeptLaunch]:
    """The launches of this patient by which the chart may still be open, ended ones too; the newest first."""
    async with network.store.unit(()) as unit:
        row = await connections.by_id(unit, connection)
        found = await launch_tokens.newest(unit, connection, patient, network.clock.now(), KEPT)
    assert row is not None  # a foreign key
    return [KeptLaunch(session, row, Scopes.understood(scopes)) for session, scopes in found]


async def chart_by(network: Network, launch: KeptLaunch) -> Chart | None:
    """The chart by this launch; None when the EHR lets us in by it no more. Raises EhrTrouble when the EHR is away."""
    try:
        return await _chart(network, launch.id, launch.connection, background=True)
    except LaunchOver:
        return None
    except EhrTrouble as trouble:
        if trouble.kind == "away":
            raise
        return None


async def offered_by(network: Network, row: ConnectionRow) -> Capabilities:
    """What the EHR offers to anybody whom it lets in. Raises EhrTrouble."""
    allowance = allowance_of(network, row, background=True)
    return await Chart(network.outbound, allowance, row.fhir_base, "").capabilities()


async def _chart(network: Network, session: UUID, row: ConnectionRow, *, background: bool = False) -> Chart:
    token = await live_token(network, session, row)

    async def renew(refused: str) -> str:
        try:
            return await renewed(network, session, row, refused)
        except EhrTrouble as trouble:
            # in the background another launch may do; a refusal of this one is not one of what is written
            if background and trouble.kind != "away":
                raise EhrTrouble("ended") from None
            raise

    allowance = allowance_of(network, row, background=background)
    return Chart(network.outbound, allowance, row.fhir_base, token, renew)


async def choose_patient(network: Network, launched: Launched, remote_id: str, name: str) -> None:
    """The patient of a launch that named none; for good. Raises BusinessRule when there is one already."""
    if not is_id(remote_id):
        raise BusinessRule("launch-patient", "Choose a patient from the list.")
    async with network.store.unit((), write=True) as unit:
        if not await launches.choose_patient(unit, launched.id, remote_id, name):
            raise BusinessRule("launch-patient-chosen", "This launch has a patient already; launch again for another.")
    await resume_write_backs(network, launched.connection.id, remote_id)


async def sign_out(network: Network, launched: Launched) -> None:
    """Ends the session on every worker. What was referred goes on."""
    async with network.store.unit((), write=True) as unit:
        await launches.end(unit, launched.id, network.clock.now(), "signed-out")
