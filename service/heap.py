"""What the allocator of glibc does with memory that is freed; nothing where there is another."""

import ctypes
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio import create_task_group, sleep, to_thread

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""`M_TRIM_THRESHOLD` and so on, of malloc.h."""

_SMALL = 4 * 2**20
"""Bytes; scores of one canvas at a usual scale are less."""

_KEPT = 4 * _SMALL
"""Bytes at the end of a heap."""

_GIVE_BACK_EVERY_S = 60.0
"""It takes about 10 ms of a thread, and the next photos new pages once."""


def keep_small(heaps: int) -> None:
    """Keep what every photo needs again, instead of giving it back after each.

    Else the kernel hands out new pages, and clears them: up to 2,400 per photo, a fifth of its CPU
    time. What is larger goes back at once, as before.

    Args:
        heaps: how many threads compute at a time. All threads share that many; else each has its
            own, and keeps there what another could use (75 MB of the service).
    """
    mallopt = _function("mallopt")
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _SMALL)
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_ARENA_MAX, heaps)


def give_back() -> None:
    """Give back all that is free: glibc keeps what lies between pieces that are in use."""
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


@asynccontextmanager
async def giving_back(every_s: float = _GIVE_BACK_EVERY_S) -> AsyncIterator[None]:
    """Do so again and again inside the block.

    Photos of many sizes leave their traces in a heap, and it stays as large as it ever had to be.
    """

    async def again_and_again() -> None:
        while True:
            await sleep(every_s)
            await to_thread.run_sync(give_back)

    async with create_task_group() as tasks:
        tasks.start_soon(again_and_again)
        try:
            yield
        finally:
            tasks.cancel_scope.cancel()


def _function(name: str) -> Callable[..., int] | None:
    found: Callable[..., int] | None = None
    if sys.platform == "linux":
        found = getattr(ctypes.CDLL(None), name, None)
    return found
