"""Keeps a number of requests in flight, and measures those that end within a window of time."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tritonclient.utils import InferenceServerException

WARM_UP_S = 1.0
"""Seconds of load before the window, so that it begins with every request under way."""

LONGEST_S = 60.0
"""Seconds after which a request counts as not answered."""

PAUSE_S = 0.05
"""Seconds after an error, so that a server that is away is not stormed."""

Ask = Callable[[], Awaitable[object]]


@dataclass
class Window:
    """What ended within a window of `seconds`: seconds of every answer, errors by their text."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def and_then(self, other: "Window") -> "Window":
        """Both windows as one."""
        return Window(
            self.seconds + other.seconds,
            self.latencies + other.latencies,
            self.errors + other.errors,
        )

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds


async def measure(clients: Sequence[Ask], seconds: float, warm_up_s: float = WARM_UP_S) -> Window:
    """Let each client ask again as soon as it is answered.

    Requests that are under way when the window ends are waited for and not counted; those that were
    when it began are, so that slow servers are not favoured.
    """
    begin = time.perf_counter() + warm_up_s
    window = Window(seconds)
    async with asyncio.TaskGroup() as group:
        for ask in clients:
            group.create_task(_repeat(ask, begin, window))
    return window


async def _repeat(ask: Ask, begin: float, window: Window) -> None:
    end = begin + window.seconds
    while (start := time.perf_counter()) < end:
        error = await failure(ask)
        now = time.perf_counter()
        if begin <= now < end:
            if error is None:
                window.latencies.append(now - start)
            else:
                window.errors[error] += 1
        if error is not None:
            await asyncio.sleep(PAUSE_S)


async def failure(ask: Ask, longest_s: float = LONGEST_S) -> str | None:
    """Ask once; the error in words, None if it was answered."""
    try:
        async with asyncio.timeout(longest_s):
            await ask()
    except TimeoutError:
        return f"no answer in {longest_s:g} s"
    except InferenceServerException as exc:
        return f"{exc.status()}: {exc.message()}"
    except Exception as exc:
        # Whatever a client makes of a broken connection: a finding, not the end of the load.
        return f"{type(exc).__name__}: {exc}"
    return None
