"""A live access token of a launched session, refreshed by one caller at a time whichever workers ask.

*Source*: security sheet APP-08, APP-13, KEY-02.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.gateways.ehr import smart
from app.gateways.ehr.smart import Discovery, EhrTrouble, Granted
from app.gateways.sealing import SealBroken
from app.log import log
from app.services.launch.refusals import LaunchOver
from app.services.launch.registration import registration_of, sealer
from app.services.network import Network
from app.store import launch_tokens, launches
from app.store.connections import ConnectionRow
from app.store.launch_tokens import Tokens

# a token that ends within this time is refreshed first, so that it does not end on its way
MARGIN: Final = timedelta(seconds=20)
# an EHR that does not say how long a token lives: soon with a refresh token, else when it says so by a 401
UNSAID_S: Final = 300
LONGEST: Final = timedelta(hours=24)
LEASE: Final = timedelta(seconds=45)
LOOK_EVERY_S: Final = 0.1


def expiry(now: datetime, granted: Granted) -> datetime:
    if granted.expires_in is None:
        return now + (timedelta(seconds=UNSAID_S) if granted.refresh_token else LONGEST)
    return now + min(timedelta(seconds=granted.expires_in), LONGEST)


async def live_token(network: Network, session: UUID, row: ConnectionRow) -> str:
    """Raises LaunchOver when the EHR lets us in no more, EhrTrouble when it does not answer."""
    give_up = network.clock.now() + LEASE
    while True:
        now = network.clock.now()
        async with network.store.unit(()) as unit:
            tokens = await launch_tokens.of_session(unit, session)
        if tokens is None or tokens.access_sealed is None:
            raise LaunchOver
        if tokens.access_expires_at > now + MARGIN:
            return _opened(network, tokens.access_sealed, session, "access_sealed")
        if tokens.refresh_sealed is None:
            if tokens.access_expires_at > now:
                return _opened(network, tokens.access_sealed, session, "access_sealed")
            raise LaunchOver
        # opened first: under another secret key nobody takes the lease and keeps it
        refresh = _opened(network, tokens.refresh_sealed, session, "refresh_sealed")
        holder = network.ids.next()
        async with network.store.unit((), write=True) as unit:
            ours = await launch_tokens.lease(unit, session, holder, now=now, until=now + LEASE, expiring=now + MARGIN)
        if ours:
            return await _refresh(network, row, tokens, refresh, holder)
        if now >= give_up:
            raise EhrTrouble("away", "The EHR did not answer in time.")
        await asyncio.sleep(LOOK_EVERY_S)


async def renewed(network: Network, session: UUID, row: ConnectionRow, refused: str) -> str:
    """A token for one that the EHR refuses though it should still be good. Raises EhrTrouble, `ended` where none is.

    One that cannot be refreshed is left as it is: some EHRs say 401 to a single search that they do not allow.
    """
    try:
        async with network.store.unit((), write=True) as unit:
            tokens = await launch_tokens.of_session(unit, session)
            sealed = tokens.access_sealed if tokens else None
            # somebody else may have renewed it meanwhile
            if tokens and sealed and _opened(network, sealed, session, "access_sealed") == refused:
                if tokens.refresh_sealed is None:
                    raise LaunchOver
                await launch_tokens.refused(unit, session, sealed, network.clock.now())
        return await live_token(network, session, row)
    except LaunchOver:
        raise EhrTrouble("ended") from None


async def _refresh(network: Network, row: ConnectionRow, tokens: Tokens, refresh: str, holder: UUID) -> str:
    session = tokens.session
    try:
        registration, discovery = registration_of(network, row), Discovery.from_json(tokens.discovery)
        granted = await smart.refresh(network.outbound, registration, discovery, refresh)
    except EhrTrouble as trouble:
        over = trouble.kind == "ended"
        async with network.store.unit((), write=True) as unit:
            await (launch_tokens.drop(unit, session) if over else launch_tokens.give_back(unit, session, holder))
        if not over:
            raise
        log.info("launch_ended", connection=row.id, rule="launch-over")
        raise LaunchOver from None
    if granted.patient is not None and tokens.patient not in (None, granted.patient):
        await _end(network, row, session)
        raise LaunchOver
    await _keep(network, session, holder, granted)
    return granted.access_token


async def _end(network: Network, row: ConnectionRow, session: UUID) -> None:
    """The EHR gave a token for somebody else's chart: nothing is read with it, and nobody goes on here."""
    async with network.store.unit((), write=True) as unit:
        await launch_tokens.drop(unit, session)
        await launches.end(unit, session, network.clock.now(), "other-patient")
    log.warning("launch_ended", connection=row.id, rule="other-patient")


async def _keep(network: Network, session: UUID, holder: UUID, granted: Granted) -> None:
    seal, refresh = sealer(network).seal, granted.refresh_token
    async with network.store.unit((), write=True) as unit:
        await launch_tokens.renew(
            unit,
            session,
            holder,
            access=seal(granted.access_token.encode(), place(session, "access_sealed")),
            expires_at=expiry(network.clock.now(), granted),
            refresh=seal(refresh.encode(), place(session, "refresh_sealed")) if refresh else None,
            scopes=" ".join(sorted(granted.scopes)) or None,
        )


def place(session: UUID, column: str) -> str:
    """Where a token stands: one that was moved to another row or column cannot be opened."""
    return f"launch_session|{column}|{session}"


def _opened(network: Network, sealed: bytes, session: UUID, column: str) -> str:
    try:
        return sealer(network).open(sealed, place(session, column)).decode()
    except SealBroken:  # BATON_SECRET_KEY is another one now
        raise LaunchOver from None
