"""Which search parameters may be asked for by now: while some are being built, that is looked up now and then."""

from datetime import datetime, timedelta

from app.fhir.registry import Registry
from app.store import search_parameters
from app.store.pool import Store
from app.store.search_parameters import States

LOOKS_AGAIN_AFTER = timedelta(seconds=1)
NOTHING = States(frozenset(), frozenset())


class Answerable:
    """`registry` is the whole one without what is being built; `waits` while there is any such."""

    def __init__(self, whole: Registry, states: States = NOTHING) -> None:
        self._whole = whole
        self._states = states
        self._looked_at: datetime | None = None
        self.registry = whole.while_building(states.building, states.renewing)

    @property
    def waits(self) -> bool:
        return bool(self._states)

    async def look_again(self, store: Store, now: datetime) -> Registry:
        """The registry by now. Nothing is asked of the database unless something was being built a second ago."""
        if self.waits and (self._looked_at is None or now - self._looked_at >= LOOKS_AGAIN_AFTER):
            self._looked_at = now
            self._states = await search_parameters.states(store)
            self.registry = self._whole.while_building(self._states.building, self._states.renewing)
        return self.registry
