"""What signals do: the first ends the service in order, the second at once, SIGHUP reloads."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from service.serving import Serving

logger = logging.getLogger("limn.signals")

_Handler = Callable[[int, FrameType | None], None]

_MARGIN_S = 5
"""Beyond the time of the requests: for engines to close, and threads to come back."""


class SignalledServer(uvicorn.Server):
    """uvicorn's, whose own way with signals is another.

    There, the second SIGTERM does nothing, and a service that ended in order dies of the signal
    all the same, with a status that says it failed.
    """

    def __init__(self, config: uvicorn.Config, serving: Serving, timeout_s: float) -> None:
        super().__init__(config)
        self._serving = serving
        self._timeout_s = timeout_s

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals inside the block, in the main thread."""
        loop = asyncio.get_running_loop()

        def stop(number: int, _frame: FrameType | None) -> None:
            if self.should_exit:
                # Threads may be in the middle of a network, which nothing interrupts.
                os._exit(128 + number)
            self.should_exit = True
            loop.call_soon_threadsafe(self._serving.stopping.set)
            self._bound()

        def reload(_number: int, _frame: FrameType | None) -> None:
            if self._serving.is_started:
                loop.call_soon_threadsafe(self._serving.reload_soon)

        handlers: dict[int, _Handler] = {signal.SIGINT: stop, signal.SIGTERM: stop}
        if hasattr(signal, "SIGHUP"):
            handlers[signal.SIGHUP] = reload
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                # Late ones, while the loop closes, change nothing any more.
                signal.signal(number, signal.SIG_IGN if self.should_exit else handler)

    def _bound(self) -> None:
        """End the process even if something does not come to its end."""

        def end() -> None:
            logger.critical("not stopped within %g s: ending now", self._timeout_s + _MARGIN_S)
            os._exit(1)

        alarm = threading.Timer(self._timeout_s + _MARGIN_S, end)
        alarm.daemon = True
        alarm.start()


class OperationsServer(uvicorn.Server):
    """One that leaves signals to the other, and ends with it."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """See `uvicorn.Server.capture_signals`."""
        yield
