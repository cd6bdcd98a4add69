"""Races that are run so that one and the same is first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import asyncpg
import pytest

from app.store import record
from app.store.pool import Store, Unit

Doing = Callable[[], Awaitable[Any]]


class Held:
    """Holds the first transaction that makes such a version, from its last statement until it is let `go`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wanted = ("", "")
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        self._is_it: ContextVar[bool] = ContextVar("is_it", default=False)
        store, unit = record.record, Store.unit

        async def noted(unit: Unit, rows: record.Rows) -> None:
            await store(unit, rows)
            if self.wanted in [(row.type, row.interaction) for row in rows.versions]:
                self.wanted = ("", "")
                self._is_it.set(True)

        @asynccontextmanager
        async def gated(store: Store, members: Any, **how: bool) -> AsyncIterator[Unit]:
            async with unit(store, members, **how) as opened:
                yield opened
                await self._before_commit()

        monkeypatch.setattr(record, "record", noted)
        monkeypatch.setattr(Store, "unit", gated)

    async def _before_commit(self) -> None:
        if self._is_it.get():
            self._is_it.set(False)
            self.reached.set()
            await self.go.wait()

    async def begun(self, type_name: str, interaction: str, first: Doing) -> "asyncio.Future[Any]":
        """What is held now."""
        self.wanted = (type_name, interaction)
        holding = asyncio.ensure_future(first())
        async with asyncio.timeout(5):
            await self.reached.wait()
        return holding

    async def beside(self, type_name: str, interaction: str, first: Doing, second: Doing) -> Any:
        """(What the held one is answered, what the other is): that one does not end before."""
        holding = await self.begun(type_name, interaction, first)
        waiting = asyncio.ensure_future(second())
        await asyncio.wait([waiting], timeout=0.4)
        waited = not waiting.done()
        self.go.set()
        answers = await asyncio.gather(holding, waiting)
        assert waited, answers
        return answers


def lose_once(monkeypatch: pytest.MonkeyPatch, type_name: str, meanwhile: Doing) -> None:
    """The first write of this type loses a race; before it is tried again, `meanwhile` is done."""
    store, unit = record.record, Store.unit
    losers: list[asyncio.Task[Any] | None] = []

    async def loses(unit: Unit, rows: record.Rows) -> None:
        if not losers and type_name in [row.type for row in rows.versions]:
            losers.append(asyncio.current_task())
            raise asyncpg.DeadlockDetectedError
        await store(unit, rows)

    @asynccontextmanager
    async def after(store: Store, members: Any, **how: bool) -> AsyncIterator[Unit]:
        if losers == [asyncio.current_task()]:
            losers[0] = None
            await meanwhile()
        async with unit(store, members, **how) as opened:
            yield opened

    monkeypatch.setattr(record, "record", loses)
    monkeypatch.setattr(Store, "unit", after)
