"""One request and its answer, as both clients send and read it."""

from typing import Any, NamedTuple

import httpx2

from limn import __version__
from limn.client.errors import Unreachable
from limn.client.options import Output, ParseOptions, query
from limn.client.photos import Photo, encoded

DEFAULT_URL = "http://127.0.0.1:8080"
IN_FLIGHT = 4
"""Photos of a stream that are asked about at a time; a service takes 16 of all its clients."""


class Asked(NamedTuple):
    """A request, whichever client sends it."""

    method: str
    path: str
    params: dict[str, str]
    content: bytes | None = None


def about(photo: Photo, output: Output, options: ParseOptions) -> Asked:
    return Asked("POST", "/v1/parse", query(output, options), encoded(photo))


def document(path: str) -> Asked:
    return Asked("GET", path, {})


def settings(url: str, key: str | None, timeout_s: float) -> dict[str, Any]:
    """What both of httpx2's clients are made with."""
    headers = {"user-agent": f"limn-client/{__version__}"}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    return {"base_url": url, "headers": headers, "timeout": timeout_s}


def arguments(asked: Asked) -> dict[str, Any]:
    """Of `request` of both of httpx2's clients."""
    return {
        "method": asked.method,
        "url": asked.path,
        "params": asked.params,
        "content": asked.content,
    }


def lost(url: httpx2.URL, error: httpx2.TransportError) -> Unreachable:
    reason = str(error) or type(error).__name__
    return Unreachable(f"{url} does not answer: {reason}")
