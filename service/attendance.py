"""A request is worked on while there is time for it, and a client that waits for the answer."""

import re

from anyio import CancelScope, Event, create_task_group, current_time
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from limn.errors import InvalidParameter
from service import problems
from service.deadline import MOST_MILLISECONDS, Deadline

TIMEOUT_HEADER = "X-Request-Timeout-Ms"


class Attendance:
    """Cancels work whose path matches when its deadline has come or its client has gone.

    The client's time runs from the arrival of the request's head, so it counts what the body takes,
    and the wait for a worker. The header sets it here; a route that finds `timeout_ms` in a query
    or a form moves the same deadline, which is `scope["state"]["deadline"]`.
    """

    def __init__(self, app: ASGIApp, paths: re.Pattern[str]) -> None:
        self.app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._paths.match(scope["path"]):
            await self.app(scope, receive, send)
            return
        deadline = Deadline(current_time(), CancelScope())
        try:
            deadline.allow_ms(_milliseconds(scope))
        except InvalidParameter as error:
            response = problems.respond(problems.document_of(error), scope)
            await response(scope, receive, send)
            return
        scope.setdefault("state", {})["deadline"] = deadline
        exchange = _Exchange(receive, send)
        with deadline.scope:
            await exchange.run(self.app, scope)
        if deadline.scope.cancelled_caught and not (exchange.is_begun or exchange.is_left):
            response = problems.respond(problems.document_of(deadline.error()), scope)
            await response(scope, receive, send)


class _Exchange:
    """One request and its answer, ended early where the client leaves."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._has_body = Event()
        self._is_answered = False
        self.is_begun = False
        self.is_left = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        failures: list[Exception] = []
        async with create_task_group() as tasks:
            tasks.start_soon(self._watch, tasks.cancel_scope)
            try:
                await app(scope, self._received, self._sent)
            except Exception as error:
                failures.append(error)
            tasks.cancel_scope.cancel()
        # A body that ends with its client is no failure of ours.
        if failures and not self.is_left:
            raise failures[0]

    async def _watch(self, work: CancelScope) -> None:
        """Wait for what alone can come after the body: that the client leaves."""
        await self._has_body.wait()
        if not self.is_left:
            await self._receive()
        if not self._is_answered:
            self.is_left = True
            work.cancel()

    async def _received(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.is_left = True
        if not message.get("more_body", False):
            self._has_body.set()
        return message

    async def _sent(self, message: Message) -> None:
        self.is_begun = True
        # Servers say after the last of an answer, too, that the client has gone.
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._is_answered = True
        await self._send(message)


def _milliseconds(scope: Scope) -> int | None:
    text = Headers(scope=scope).get(TIMEOUT_HEADER)
    if text is None:
        return None
    digits = len(str(MOST_MILLISECONDS))
    # Python refuses to read integers of thousands of digits.
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else 0
    if not 1 <= number <= MOST_MILLISECONDS:
        raise InvalidParameter(
            TIMEOUT_HEADER, f"is a whole number of milliseconds, 1 to {MOST_MILLISECONDS}"
        )
    return number
