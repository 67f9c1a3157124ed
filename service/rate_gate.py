"""Refuses a caller who asks too often, before anything of the request is read."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import problems
from service.errors import RateLimited
from service.rates import Rates


class RateGate:
    """Counts requests whose path matches, and tells every answer's reader what is left."""

    def __init__(self, app: ASGIApp, paths: re.Pattern[str], rates: Rates) -> None:
        self.app = app
        self._paths = paths
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._paths.match(scope["path"]):
            await self.app(scope, receive, send)
            return
        try:
            allowance = self._rates.take(_caller(scope))
        except RateLimited as error:
            headers = {**error.headers, "Retry-After": str(error.retry_after_s)}
            response = problems.respond(problems.document_of(error), scope, headers)
            await response(scope, receive, send)
            return

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(allowance.headers)
            await send(message)

        await self.app(scope, receive, labelled)


def _caller(scope: Scope) -> str:
    """The key that was shown, else the address."""
    host, _ = scope["client"] or ("", 0)
    caller: str = scope["state"].get("caller") or host
    return caller
