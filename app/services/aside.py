"""Work that would keep everybody else of this process waiting, done in a thread beside the event loop.

It takes no less time there, but others are served meanwhile: from where it takes longer than the 5 ms for which Python
lets a thread run on anyway. The way there and back costs 0.1 ms.
"""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

LARGE_BYTES = 64 * 1024

P = ParamSpec("P")
T = TypeVar("T")


async def aside(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` gives; beside the event loop when it is about so many bytes that others would notice."""
    if size > LARGE_BYTES:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)
