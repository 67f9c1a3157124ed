"""What surrounds every request, in plain ASGI: an id, times, a bound on its body, admission."""

import logging
import re
import secrets
import time
from contextlib import ExitStack
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import problems
from service.admission import Admission
from service.errors import BodyTooLarge, Overloaded
from service.log_context import log_fields
from service.metrics import Metrics
from service.stages import stage_clock

logger = logging.getLogger("limn.http")
access_logger = logging.getLogger("limn.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_LOGGED_PATH = 256
UNROUTED = "unrouted"
GONE = 499
"""Counts requests whose client left before an answer began, as nginx does."""


class RequestContext:
    """Gives a request its id, answers its failures, and tells where its time went."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status, body_bytes = 0, 0

        async def counted() -> Message:
            nonlocal body_bytes
            message = await receive()
            body_bytes += len(message.get("body", b""))
            return message

        with stage_clock() as clock, log_fields(request_id=request_id):

            async def labelled(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    headers = MutableHeaders(scope=message)
                    headers["X-Request-Id"] = request_id
                    total = f"total;dur={(time.perf_counter() - start) * 1e3:.2f}"
                    headers["Server-Timing"] = ", ".join(
                        filter(None, (clock.server_timing(), total))
                    )
                await send(message)

            try:
                await self.app(scope, counted, labelled)
            except Exception:
                # The text of an unknown failure may hold anything: it is for the log alone.
                logger.exception("request %s failed", request_id)
                if status:
                    raise
                response = problems.respond(problems.document(problems.INTERNAL), scope)
                await response(scope, receive, labelled)
            finally:
                seconds = time.perf_counter() - start
                _log(scope, request_id, status or GONE, seconds)
                self._metrics.answered(_route(scope), status or GONE, seconds, body_bytes)
                problem = scope["state"].get("problem")
                if problem is not None:
                    self._metrics.refused(problem)
                self._metrics.staged(clock.seconds)


def _request_id(scope: Scope) -> str:
    """The client's own id where it is harmless in a header and a log, else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _log(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    """A line per request; without the query, where people put what should not be in a log."""
    host, _ = scope["client"] or ("-", 0)
    method, path = scope["method"], quote(scope["path"][:_LOGGED_PATH])
    milliseconds = round(seconds * 1e3)
    access_logger.info(
        '%s "%s %s" %d %d ms %s',
        host,
        method,
        path,
        status,
        milliseconds,
        request_id,
        extra={
            "fields": {
                "client": host,
                "method": method,
                "path": path,
                "status": status,
                "ms": milliseconds,
                "problem": scope["state"].get("problem"),
                "trace_id": scope["state"].get("trace_id"),
            }
        },
    )


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", UNROUTED)


class AdmissionGate:
    """Admits requests whose path matches; one too many is refused before its body is read.

    `BodyLimit` comes first: an announcement that is too long takes no room.
    """

    def __init__(self, app: ASGIApp, paths: re.Pattern[str], admission: Admission) -> None:
        self.app = app
        self._paths = paths
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._paths.match(scope["path"]):
            await self.app(scope, receive, send)
            return
        with ExitStack() as place:
            try:
                held = place.enter_context(self._admission.admitted())
                held.hold(_announced(scope))
            except Overloaded as error:
                response = problems.respond(problems.document_of(error), scope)
                await response(scope, receive, send)
                return
            received = 0

            async def counted() -> Message:
                nonlocal received
                message = await receive()
                received += len(message.get("body", b""))
                held.hold(received)
                return message

            await self.app(scope, counted, send)


def _announced(scope: Scope) -> int:
    """Bytes that the body says it has; 0 where it says nothing."""
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


class BodyLimit:
    """Ends a request whose body is, or says it is, longer than `limit` bytes."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        error = BodyTooLarge(f"the limit is {self._limit} bytes")
        if _announced(scope) > self._limit:
            response = problems.respond(problems.document_of(error), scope)
            await response(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise error
            return message

        await self.app(scope, counted, send)
