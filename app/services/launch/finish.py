"""The EHR sends the browser back: from `state` and `code` to a session at one patient.

*Source*: SMART App Launch 2.2; RFC 9207; security sheet APP-05 to APP-12, APP-14, E05 to E13, E16.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.gateways.ehr import smart
from app.gateways.ehr.smart import EhrTrouble, Granted, Identity
from app.gateways.sealing import SealBroken
from app.log import log
from app.services.identity.secrets import hash_of, new_secret
from app.services.launch import noting, people
from app.services.launch.begin import UnderWay, read_sealed
from app.services.launch.context import context_of, user_reference
from app.services.launch.people import Named
from app.services.launch.refusals import LaunchRefused, from_trouble
from app.services.launch.registration import registration_of, sealer
from app.services.launch.scopes import can_identify
from app.services.launch.tokens import expiry, place
from app.services.network import Network
from app.services.resume_write_backs import resume_write_backs
from app.store import connections, launches
from app.store.connections import ConnectionRow
from app.store.launches import NewSession, StateRow
from app.store.pool import Unit

MAX_STATE: Final = 128
MAX_CODE: Final = 8192
# RFC 6749 4.1.2.1: what an EHR may answer instead of a code; anything else is no word that we would repeat
CANCELLED: Final = frozenset({"access_denied"})
AWAY: Final = frozenset({"server_error", "temporarily_unavailable"})
MISCONFIGURED: Final = frozenset(
    {"invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The parameters of the callback, each empty when absent. `connection`: whose redirect URI this was."""

    connection: UUID | None
    state: str
    code: str = ""
    error: str = ""
    iss: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """`secret` is for the browser's cookie, `session` for its address."""

    secret: str
    session: UUID
    connection: ConnectionRow


async def finish(network: Network, answer: Answer, *, browser: str, request_id: str) -> Opened:
    """The session that this launch opens. Raises LaunchRefused, written down; a state is good for one try."""
    row = None
    try:
        row, kept = await _use_state(network, answer, browser)
        under_way = _read(network, row, kept)
        _check(answer, under_way, row)
        return await _finish(network, row, kept, under_way, answer.code, request_id)
    except EhrTrouble as trouble:
        assert row is not None
        refused = from_trouble(trouble, row)
    except LaunchRefused as refusal:
        refused = refusal
    await noting.refused(network, refused, request_id)
    raise refused


async def _use_state(network: Network, answer: Answer, browser: str) -> tuple[ConnectionRow, StateRow]:
    """The launch under way that belongs to this state, this browser and this EHR; from here on it is used up."""
    now = network.clock.now()
    if not 1 <= len(answer.state) <= MAX_STATE:
        raise LaunchRefused("launch-state-missing", await _sender(network, answer))
    state_hash = hash_of(answer.state)
    async with network.store.unit((), write=True) as unit:
        kept = await launches.find_state(unit, state_hash)
        row = await connections.by_id(unit, kept.connection) if kept else None
        if kept is None or row is None:
            raise LaunchRefused("launch-state-unknown", await _sender(network, answer))
        if answer.connection not in (None, row.id):
            raise LaunchRefused("launch-other-ehr", row)
        if not browser:
            raise LaunchRefused("launch-cookies", row)
        if kept.browser_hash != hash_of(browser):
            raise LaunchRefused("launch-other-browser", row)
        if not await launches.use_state(unit, state_hash, now):
            raise LaunchRefused("launch-state-used", row)
    if kept.expires_at <= now:
        raise LaunchRefused("launch-state-expired", row)
    return row, kept


def _read(network: Network, row: ConnectionRow, kept: StateRow) -> UnderWay:
    try:
        return read_sealed(network, kept)
    except SealBroken:  # BATON_SECRET_KEY has changed since the launch began
        raise LaunchRefused("launch-state-unknown", row) from None


async def _sender(network: Network, answer: Answer) -> ConnectionRow | None:
    """Whose redirect URI was used: enough for a page that says what is wrong, for nothing else."""
    if answer.connection is None:
        return None
    async with network.store.unit(()) as unit:
        return await connections.by_id(unit, answer.connection)


def _check(answer: Answer, under_way: UnderWay, row: ConnectionRow) -> None:
    """`iss` says who answers (RFC 9207). It is compared and used for nothing else: never as a FHIR base."""
    discovery = under_way.discovery
    if answer.iss != discovery.issuer if answer.iss else discovery.iss_in_callback:
        raise LaunchRefused("launch-mixed-up", row)
    if answer.error in CANCELLED:
        raise LaunchRefused("launch-cancelled", row)
    if answer.error in AWAY:
        raise LaunchRefused("launch-ehr-away", row)
    if answer.error:
        known = answer.error if answer.error in MISCONFIGURED else ""
        raise LaunchRefused("launch-refused-by-ehr", row, f"The EHR answered {known}." if known else "")
    if not 1 <= len(answer.code) <= MAX_CODE:
        raise LaunchRefused("launch-code-missing", row)


async def _finish(
    network: Network, row: ConnectionRow, kept: StateRow, under_way: UnderWay, code: str, request_id: str
) -> Opened:
    registration = registration_of(network, row)
    granted = await smart.exchange(
        network.outbound, registration, under_way.discovery, code=code, verifier=under_way.verifier
    )
    granted = granted if granted.scopes else replace(granted, scopes=frozenset(under_way.scopes))
    identity = None
    # without published keys nobody can tell who signed: what the token says is not read then
    if granted.id_token is not None and can_identify(under_way.discovery):
        identity = await smart.identify(
            network.outbound, registration, under_way.discovery, granted.id_token, under_way.nonce
        )
    reference = user_reference(identity.fhir_user, row.fhir_base) if identity else None
    named = await people.ask(network, row, granted, reference)
    secret, secret_hash = new_secret(network.ids)
    async with network.store.unit((row.member,), write=True) as unit:
        await launches.end_of_browser(unit, kept.browser_hash, network.clock.now(), "new-launch")
        who = await _clinician(network, unit, row, identity, reference, named)
        session = _session(network, row, kept, under_way, granted, named, who, secret_hash)
        await launches.insert(unit, session)
        caller = noting.clinician_caller(row, who or session.id, request_id)
        await noting.opened(network, unit, row, caller, granted.patient)
    if granted.patient is not None:
        await resume_write_backs(network, row.id, granted.patient)
    log.info("launched", connection=row.id)
    return Opened(secret, session.id, row)


async def _clinician(
    network: Network, unit: Unit, row: ConnectionRow, identity: Identity | None, reference: str | None, named: Named
) -> UUID | None:
    """Known by (EHR, `sub`). An EHR that does not say who she is gives us nobody to know."""
    if identity is None:
        return None
    return await launches.see_clinician(
        unit,
        network.ids.next(),
        row.id,
        identity.subject,
        fhir_user=reference,
        name=named.clinician,
        now=network.clock.now(),
    )


def _session(
    network: Network,
    row: ConnectionRow,
    kept: StateRow,
    under_way: UnderWay,
    granted: Granted,
    named: Named,
    who: UUID | None,
    secret_hash: bytes,
) -> NewSession:
    key, now, seal = network.ids.next(), network.clock.now(), sealer(network).seal
    refresh = granted.refresh_token
    return NewSession(
        id=key,
        secret_hash=secret_hash,
        browser_hash=kept.browser_hash,
        connection=row.id,
        clinician=who,
        patient=granted.patient,
        patient_name=named.patient,
        context=context_of(granted),
        scopes=" ".join(sorted(granted.scopes)),
        access_sealed=seal(granted.access_token.encode(), place(key, "access_sealed")),
        access_expires_at=expiry(now, granted),
        refresh_sealed=seal(refresh.encode(), place(key, "refresh_sealed")) if refresh else None,
        discovery=under_way.discovery.to_json(),
        csrf_secret=network.ids.secret(),
        now=now,
        expires_at=now + timedelta(seconds=network.settings.session_absolute_s),
    )
