"""How the rows of the table ask, and what every refusal must be."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.fixtures import pictures
from tests.fixtures.gateway import Gateway
from tests.fixtures.process import Process

PATIENCE_S = 20
QUICK = "/v1/parse?scales=1"
LOG_LINE = re.compile(r"(INFO|WARNING|ERROR|CRITICAL): +\S.*\n")


@dataclass(frozen=True)
class Service:
    """A running service, its addresses `host:port`.

    Attributes:
        expected: its answer to the good photo.
        at_once: the same at one scale, which is quicker to ask after every row.
    """

    http: str
    grpc: str
    expected: bytes
    at_once: bytes
    client: httpx2.Client

    def post(self, path: str = "/v1/parse", **request: Any) -> httpx2.Response:
        return self.client.post(path, **request)

    def get(self, path: str) -> httpx2.Response:
        return self.client.get(path)

    def require_served(self) -> None:
        """The next good request is answered as it always was."""
        answer = self.post(QUICK, content=pictures.jpeg())
        assert answer.status_code == 200, answer.text
        assert answer.content == self.at_once

    def connect(self) -> socket.socket:
        host, port = self.http.split(":")
        connection = socket.create_connection((host, int(port)))
        connection.settimeout(PATIENCE_S)
        return connection

    def send(self, raw: bytes) -> bytes:
        """All that is answered to raw bytes until the connection is closed."""
        with self.connect() as connection:
            # Refused before all of it was sent, it has an answer that can be read all the same.
            with suppress(OSError):
                connection.sendall(raw)
            return rest(connection)


def rest(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


@contextmanager
def asked(running: Process | Gateway) -> Iterator[Service]:
    """A service that is known to answer."""
    with httpx2.Client(base_url=f"http://{running.http}", timeout=PATIENCE_S) as client:
        expected, at_once = (
            client.post(path, content=pictures.jpeg()) for path in ("/v1/parse", QUICK)
        )
        assert expected.status_code == at_once.status_code == 200, expected.text
        yield Service(running.http, running.grpc, expected.content, at_once.content, client)


def check(response: httpx2.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem document of a refusal, its invariants checked."""
    document = check_document(response.status_code, response.content, status, slug)
    assert response.headers["content-type"] == "application/problem+json"
    assert document["request_id"] == response.headers["x-request-id"]
    return document


def check_raw(answer: bytes, status: int, slug: str) -> dict[str, Any]:
    """The same for an answer as it came."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return check_document(int(head.split()[1]), body, status, slug)


def check_document(seen: int, body: bytes, status: int, slug: str) -> dict[str, Any]:
    assert seen == status, body[:300]
    document: dict[str, Any] = json.loads(body)
    assert (document["status"], document["type"]) == (status, f"urn:limn:problem:{slug}")
    assert document["title"]
    return document
