"""Asks one server for one photo over HTTP, as cheaply as an asyncio client can."""

import re
import resource
from types import TracebackType
from typing import Self

import aiohttp

from loadtests.load import LONGEST_S

_TOTAL = re.compile(r"\btotal;dur=([\d.]+)")


class Status(Exception):
    """An answer that is not 200.

    Attributes:
        code: of HTTP.
        server_ms: milliseconds from the request's arrival to this, as the server has counted them;
            None where it does not say.
    """

    def __init__(self, code: int, timing: str = "") -> None:
        super().__init__(str(code))
        self.code = code
        found = _TOTAL.search(timing)
        self.server_ms = float(found[1]) if found else None


class Client:
    """Connections are kept and their number has no limit; the body is encoded once."""

    def __init__(self, url: str, body: bytes) -> None:
        self._url = url
        self._body = body
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers={"Content-Type": "image/jpeg", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=LONGEST_S),
            auto_decompress=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def ask(self) -> bytes:
        """The body of the answer; Status where it is not 200."""
        async with self._session.post(self._url, data=self._body) as response:
            answer = await response.read()
            if response.status != 200:
                raise Status(response.status, response.headers.get("Server-Timing", ""))
            return answer


def allow_many_connections() -> None:
    """Every request under way holds a file descriptor."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
