"""Notices what only a restart cures: workers that never come back, and an event loop that hangs."""

import logging
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import create_task_group, sleep

from service.workers import Workers

logger = logging.getLogger("limn.watchdog")

STUCK_AFTER_S = 120.0
"""No step takes a tenth of that; a network that does not return in it never will."""
_BEAT_S = 1.0


class Watchdog:
    """Tells whether the process can still work.

    An engine that is away, an overload, a full disk are no reason to restart: those pass, or come
    back with the restart. While the event loop hangs nothing is answered, `/livez` least of all, so
    that probe fails by itself; the log then has the stack where it hangs.
    """

    def __init__(self, workers: Workers, stuck_after_s: float = STUCK_AFTER_S) -> None:
        self._workers = workers
        self._stuck_after_s = stuck_after_s
        self._beat = time.monotonic()
        self._ended = threading.Event()

    @property
    def is_alive(self) -> bool:
        """False where every worker has been in one step for too long."""
        return self._workers.stalled_s() < self._stuck_after_s

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch the event loop of the caller inside the block."""
        loop_thread = threading.get_ident()
        watcher = threading.Thread(
            target=self._watch, args=(loop_thread,), name="watchdog", daemon=True
        )
        async with create_task_group() as tasks:
            tasks.start_soon(self._keep_beating)
            watcher.start()
            try:
                yield
            finally:
                self._ended.set()
                tasks.cancel_scope.cancel()

    async def _keep_beating(self) -> None:
        while True:
            self._beat = time.monotonic()
            await sleep(_BEAT_S)

    def _watch(self, loop_thread: int) -> None:
        is_told = False
        while not self._ended.wait(_BEAT_S):
            hangs = time.monotonic() - self._beat > self._stuck_after_s
            if hangs and not is_told:
                frame = sys._current_frames().get(loop_thread)
                logger.critical("the event loop hangs; this is where:")
                for line in "".join(traceback.format_stack(frame)).splitlines():
                    logger.critical("%s", line)
            is_told = hangs
