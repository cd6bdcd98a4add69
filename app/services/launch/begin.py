"""An EHR opens Baton: from `iss` and `launch` to the address at the EHR where the browser goes next.

*Source*: SMART App Launch 2.2, EHR launch; security sheet APP-01, APP-02, APP-04, APP-05, E01 to E04.
"""

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.clock import Ids
from app.fhir import json
from app.gateways.ehr import smart
from app.gateways.ehr.smart import Discovery, EhrTrouble
from app.log import log
from app.services.identity.secrets import hash_of, new_secret
from app.services.identity.throttle import too_often
from app.services.launch import noting
from app.services.launch.refusals import LaunchRefused, from_trouble
from app.services.launch.registration import registration_of, sealer
from app.services.launch.scopes import asked
from app.services.network import Network
from app.store import connections, launches
from app.store.connections import ConnectionRow
from app.store.launches import StateRow

LIVES_FOR: Final = timedelta(minutes=10)
MAX_ISS: Final = 2048
# An opaque text of the EHR's own making: visible ASCII, and nothing that a page could take for markup.
LAUNCH: Final = re.compile(r"[!#-;=?-\[\]-~]{1,4096}", re.ASCII)
VERIFIER_BYTES: Final = 48
LONG_ADDRESS: Final = 2048
POSTED: Final = "authorize-post"
TOO_OFTEN: Final = "launch-throttled"
ONE_SLASH_MORE: Final = "It is registered without the slash at its end: have the EHR leave it out of iss."


@dataclass(frozen=True, slots=True)
class Onward:
    """Where the browser goes at the EHR. `by_form`: it has to be posted, the address being too long for some."""

    address: str
    by_form: bool
    connection: ConnectionRow


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What the callback has to know; kept sealed in the launch's row until then."""

    verifier: str
    nonce: str
    scopes: tuple[str, ...]
    discovery: Discovery


async def begin(network: Network, *, iss: str, launch: str, browser: str, address: str, request_id: str) -> Onward:
    """Where the browser goes now. `browser` is the secret of its cookie. Raises LaunchRefused, written down."""
    row = None
    try:
        row = await _ehr_of(network, iss)
        _check(launch, row)
        await _not_too_often(network, f"launch|{row.id}", browser, address)
        return await _begin(network, row, launch, browser)
    except EhrTrouble as trouble:
        assert row is not None
        refused = from_trouble(trouble, row)
    except LaunchRefused as refusal:
        refused = refusal
        if refusal.rule != TOO_OFTEN:
            refused = await _counted(network, refusal, browser, address)
    await noting.refused(network, refused, request_id)
    raise refused


async def launching_ehr(network: Network, iss: str) -> ConnectionRow | None:
    """The EHR that launches: `iss` is its FHIR base as registered, to the letter. No call goes out before this."""
    async with network.store.unit(()) as unit:
        found = await connections.by_bases(unit, (iss,)) if 1 <= len(iss) <= MAX_ISS and iss.isprintable() else {}
    row = found.get(iss)
    return row if row is not None and row.client_kind != "none" else None


async def _ehr_of(network: Network, iss: str) -> ConnectionRow:
    if not iss:
        raise LaunchRefused("launch-parameters")
    row = await launching_ehr(network, iss)
    if row is None:
        bare = iss.removesuffix("/")
        slash_more = bare != iss and await launching_ehr(network, bare) is not None
        raise LaunchRefused("launch-iss-unknown", detail=ONE_SLASH_MORE if slash_more else "")
    return row


def _check(launch: str, row: ConnectionRow) -> None:
    if not launch:
        raise LaunchRefused("launch-missing", row)
    if not LAUNCH.fullmatch(launch):
        raise LaunchRefused("launch-malformed", row)


async def _not_too_often(network: Network, purpose: str, browser: str, address: str) -> None:
    """Counted for each EHR: behind a proxy everybody may have one address, and what one EHR sends stops no other."""
    async with network.store.unit((), write=True) as unit:
        wait_s = await too_often(network, unit, purpose=purpose, who=hash_of(browser).hex(), address=address)
    if wait_s is not None:
        raise LaunchRefused(TOO_OFTEN)


async def _counted(network: Network, refusal: LaunchRefused, browser: str, address: str) -> LaunchRefused:
    """Launches that nobody's EHR sent are counted by themselves: they take nothing from those that open."""
    try:
        await _not_too_often(network, "launch-refused", browser, address)
    except LaunchRefused as throttled:
        return throttled
    return refusal


async def _begin(network: Network, row: ConnectionRow, launch: str, browser: str) -> Onward:
    registration = registration_of(network, row)
    discovery = await network.discoveries.of(network.outbound, registration)
    under_way = UnderWay(_verifier(network.ids), new_secret(network.ids)[0], asked(discovery), discovery)
    state, state_hash = new_secret(network.ids)
    now = network.clock.now()
    sealed = sealer(network).seal(_written(under_way), _place(state_hash))
    async with network.store.unit((), write=True) as unit:
        kept = StateRow(state_hash, hash_of(browser), row.id, sealed, now + LIVES_FOR)
        await launches.begin(unit, kept, now)
    log.info("launch_begun", connection=row.id)
    there = smart.authorization_url(
        registration,
        discovery,
        state=state,
        nonce=under_way.nonce,
        verifier=under_way.verifier,
        scopes=under_way.scopes,
        launch=launch,
    )
    return Onward(there, len(there) > LONG_ADDRESS and POSTED in discovery.capabilities, row)


def _verifier(ids: Ids) -> str:
    """64 characters of the alphabet that PKCE allows, 384 random bits."""
    return urlsafe_b64encode(ids.secret(VERIFIER_BYTES)).decode()


def _written(under_way: UnderWay) -> bytes:
    return json.dump(
        {
            "verifier": under_way.verifier,
            "nonce": under_way.nonce,
            "scopes": list(under_way.scopes),
            "discovery": under_way.discovery.to_json(),
        }
    )


def read_sealed(network: Network, row: StateRow) -> UnderWay:
    """What was sealed when the launch began."""
    kept = json.parse(sealer(network).open(row.sealed, _place(row.state_hash)))
    discovery = Discovery.from_json(kept["discovery"])
    return UnderWay(kept["verifier"], kept["nonce"], tuple(kept["scopes"]), discovery)


def _place(state_hash: bytes) -> str:
    return f"launch_state|sealed|{state_hash.hex()}"
