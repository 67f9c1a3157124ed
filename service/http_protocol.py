"""What a connection may do before there is a request that could be refused."""

import json
from asyncio import BaseTransport, TimerHandle
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service import problems
from service.body_pace import HELD_UP_S

HEAD_TIMEOUT_S = 10.0
"""For a head to arrive, from the connection or from its first byte; for the rest of a body that
nobody reads any more, too."""
MAX_HEAD_BYTES = 64 * 2**10


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's, with bounds on the head of a request, and on what follows its body.

    Neither uvicorn nor llhttp has any with httptools: a head that never ends would be kept in
    memory, one that never comes would hold its connection for ever, and so would a body that goes
    on after its request was refused.
    """

    _head_timer: TimerHandle | None = None
    _is_head = True
    _unused_bytes = 0

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast("Any", transport))
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._is_head:
            self._await_head()
        self._unused_bytes += len(data)
        super().data_received(data)
        if self._unused_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431)

    def on_headers_complete(self) -> None:
        self._is_head, self._unused_bytes = False, 0
        self._forget_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unused_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_head, self._unused_bytes = True, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_head:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Problem documents from the first byte on; uvicorn's own is a line of text."""
        body = json.dumps(problems.document(problems.NO_HTTP)).encode()
        head = f"content-type: {problems.MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(STATUS_LINE[400] + head.encode() + b"connection: close\r\n\r\n" + body)
        self.transport.close()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._set_timer(HEAD_TIMEOUT_S)

    def _set_timer(self, seconds: float) -> None:
        deadline = self.loop.time() + seconds
        self._head_timer = self.loop.call_at(deadline, self._give_up, deadline)

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self, deadline: float) -> None:
        self._head_timer = None
        if self.loop.time() - deadline >= HELD_UP_S:
            # This process was held up; what came meanwhile is read after the timers.
            self._set_timer(HELD_UP_S)
        elif not self.transport.is_closing():
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        # Where no request has begun, or one is being answered, an answer would only confuse.
        is_waited_for = self._is_head and self._unused_bytes > 0
        if is_waited_for and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(
                STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n"
            )
        self.transport.close()
