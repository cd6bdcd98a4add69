"""What EHRs said of their sign-in, kept for minutes: nobody can make Baton ask an EHR as often as Baton is asked.

*Source*: security sheet APP-02 (a discovery may be kept for an hour at most).
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.gateways.ehr.discovery import Discovery, Registration, discover
from app.gateways.ehr.trouble import EhrTrouble
from app.gateways.outbound.addresses import Allowance
from app.gateways.outbound.client import Outbound

KEPT: Final = timedelta(minutes=5)
TROUBLE_KEPT: Final = timedelta(seconds=5)
_Asked = tuple[str, Allowance]


@dataclass(slots=True)
class Discoveries:
    """One process's. An EHR is asked by one call at a time, for everybody who waits for it; an answer is `kept`."""

    kept: timedelta = KEPT
    _running: dict[_Asked, asyncio.Task[Discovery]] = field(default_factory=dict)
    _known: dict[_Asked, tuple[datetime, Discovery | EhrTrouble]] = field(default_factory=dict)

    async def of(self, outbound: Outbound, registration: Registration) -> Discovery:
        """What the EHR says, or said just now. Raises EhrTrouble."""
        asked = (registration.fhir_base, registration.allowance)
        until, known = self._known.get(asked, (None, None))
        if until is None or until <= outbound.clock.now():
            task = self._running.get(asked)
            if task is None:
                task = self._running[asked] = asyncio.create_task(self._ask(outbound, registration, asked))
            # who closes the window does not take the answer from the others
            return await asyncio.shield(task)
        if isinstance(known, EhrTrouble):
            raise EhrTrouble(known.kind, known.words)
        assert known is not None
        return known

    async def _ask(self, outbound: Outbound, registration: Registration, asked: _Asked) -> Discovery:
        try:
            found = await discover(outbound, registration)
        except EhrTrouble as trouble:
            self._known[asked] = outbound.clock.now() + min(TROUBLE_KEPT, self.kept), trouble
            raise
        finally:
            del self._running[asked]
        self._known[asked] = outbound.clock.now() + self.kept, found
        return found

    def forget(self) -> None:
        """Everything is asked anew."""
        self._known.clear()
