"""The threads that do the arithmetic, as many as there are cores for it."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import cv2
from anyio import CapacityLimiter, to_thread

T = TypeVar("T")


class Workers:
    """Runs CPU-bound steps off the event loop, at most `count` at a time, first come first served.

    Every step of every request goes through here, so that no more threads compute than there are
    cores, and no more photos are being decoded either.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._limiter = CapacityLimiter(count)
        self._begun: dict[int, float] = {}
        # Requests share the cores; threads of OpenCV's own would only get in their way.
        cv2.setNumThreads(1)

    @property
    def idle(self) -> int:
        """How many have nothing to do."""
        return int(self._limiter.available_tokens)

    async def run(self, step: Callable[[], T]) -> T:
        """Result of `step`, called in a worker thread; cancelling waits for it to end."""
        return await to_thread.run_sync(self._watched, step, limiter=self._limiter)

    def stalled_s(self) -> float:
        """Seconds since any worker began a step, where all of them are in one; 0 where not."""
        begun = list(self._begun.values())
        return time.monotonic() - max(begun) if len(begun) >= self.count else 0.0

    def _watched(self, step: Callable[[], T]) -> T:
        thread = threading.get_ident()
        self._begun[thread] = time.monotonic()
        try:
            return step()
        finally:
            del self._begun[thread]
