"""How slowly a request's body may arrive."""

from anyio import current_time, fail_after
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import BodyTimeout

GRACE_S = 5
"""Seconds before the rate counts: a connection may stall once."""
HELD_UP_S = 0.5
"""A timer that rings so late tells of this process, or its machine, and not of a client."""


class BodyPace:
    """Ends a request whose body takes longer than `timeout_s`, or trickles.

    A client that sends a byte a second would hold one of few places for all of that time. So it has
    `GRACE_S`, and a second more for every `min_rate` bytes that came. Time in which this process
    did not run is not counted.
    """

    def __init__(self, app: ASGIApp, timeout_s: float, min_rate: int) -> None:
        self.app = app
        self._timeout_s = timeout_s
        self._min_rate = min_rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = current_time()
        received, is_whole = 0, False

        async def timed() -> Message:
            nonlocal start, received, is_whole
            if is_whole:
                # What follows is the client's leaving, which may take its time.
                return await receive()
            seconds = min(self._timeout_s, GRACE_S + received / self._min_rate)
            while True:
                try:
                    with fail_after(start + seconds - current_time()):
                        message = await receive()
                    break
                except TimeoutError as exc:
                    late = current_time() - start - seconds
                    if late < HELD_UP_S:
                        raise self._error(seconds, received) from exc
                    # Stopped, or the machine asleep: timers ring before what came is read.
                    start += late + HELD_UP_S
            received += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            return message

        await self.app(scope, timed, send)

    def _error(self, seconds: float, received: int) -> BodyTimeout:
        if seconds == self._timeout_s:
            return BodyTimeout(f"the body did not arrive within {seconds:g} s")
        return BodyTimeout(
            f"{received} bytes of the body arrived in {seconds:.0f} s; send {self._min_rate}"
            " bytes a second or more"
        )
