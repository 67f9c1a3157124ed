"""Where the time of a request goes, stage by stage."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, get_args

Stage = Literal["decode", "find", "canvas", "network", "fuse", "choose", "encode"]
STAGES: tuple[Stage, ...] = get_args(Stage)


class StageClock:
    """Work per stage; worker threads of one request add to the same clock.

    Attributes:
        seconds: summed, per stage.
        blocks: every block of work, with start and end by `time.perf_counter`.
    """

    def __init__(self) -> None:
        self.seconds: dict[Stage, float] = {}
        self.blocks: list[tuple[Stage, float, float]] = []
        self._lock = threading.Lock()

    def add(self, stage: Stage, start: float, end: float) -> None:
        with self._lock:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + end - start
            self.blocks.append((stage, start, end))

    def server_timing(self) -> str:
        """Value of a `Server-Timing` header, durations in milliseconds."""
        return ", ".join(
            f"{stage};dur={self.seconds[stage] * 1e3:.2f}"
            for stage in STAGES
            if stage in self.seconds
        )


_current: ContextVar[StageClock] = ContextVar("stage_clock")


@contextmanager
def stage_clock() -> Iterator[StageClock]:
    """A fresh clock that `stage` adds to, in this context and the threads started from it."""
    clock = StageClock()
    token = _current.set(clock)
    try:
        yield clock
    finally:
        _current.reset(token)


def clock_here() -> StageClock | None:
    """The clock that `stage` adds to; None outside of `stage_clock`."""
    return _current.get(None)


def seconds_so_far() -> dict[Stage, float]:
    """What `stage` has measured for this request; nothing outside of `stage_clock`."""
    clock = clock_here()
    return {} if clock is None else dict(clock.seconds)


@contextmanager
def stage(name: Stage) -> Iterator[None]:
    """Measure a block of work; outside of `stage_clock` it measures nothing."""
    start = time.perf_counter()
    try:
        yield
    finally:
        clock = _current.get(None)
        if clock is not None:
            clock.add(name, start, time.perf_counter())
