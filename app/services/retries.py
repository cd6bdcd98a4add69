"""A transaction that lost a race against another is tried again, a few times. *Source*: security sheet REL-06."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.fhir.errors import LockError
from app.store.trouble import LOST_RACE

Result = TypeVar("Result")
TRIES = 4


async def with_retries(transaction: Callable[[], Awaitable[Result]]) -> Result:
    """What `transaction` returns; it opens its own unit each time. Raises LockError after three lost repeats."""
    for remaining in reversed(range(TRIES)):
        try:
            return await transaction()
        except LOST_RACE as race:
            if not remaining:
                raise LockError("lost-race", "others are writing the same resources; send the request again") from race
            await asyncio.sleep(random.uniform(0.005, 0.05))
    raise AssertionError("unreachable: the last try raises")
