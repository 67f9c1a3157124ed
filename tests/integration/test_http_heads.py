"""Connections that never become a request, or whose head has no end: on real sockets."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from service import http_protocol
from tests.fixtures import pictures
from tests.fixtures.gateway import Gateway, gateway

PATIENCE_S = 10


@pytest.fixture(scope="module")
def running(repository: Path) -> Iterator[Gateway]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.5)
        with gateway(repository) as started:
            yield started


def connect(running: Gateway) -> socket.socket:
    host, port = running.http.split(":")
    connection = socket.create_connection((host, int(port)))
    connection.settimeout(PATIENCE_S)
    return connection


def rest(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def test_head_that_never_ends_is_given_up(running: Gateway) -> None:
    with connect(running) as slow:
        slow.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: ")

        assert rest(slow).startswith(b"HTTP/1.1 408")


def test_connection_without_a_request_is_closed(running: Gateway) -> None:
    with connect(running) as silent:
        assert rest(silent) == b""


def test_body_that_goes_on_after_the_answer_is_cut_off(running: Gateway) -> None:
    head = b"POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    start = time.monotonic()

    def go_on(endless: socket.socket) -> None:
        endless.sendall(head)
        while time.monotonic() - start < PATIENCE_S:
            endless.sendall(b"400\r\n" + bytes(1_024) + b"\r\n")
            time.sleep(0.01)

    with connect(running) as endless, pytest.raises((BrokenPipeError, ConnectionResetError)):
        go_on(endless)

    assert time.monotonic() - start < 5


def test_connection_is_used_again_after_a_body_that_nobody_read(running: Gateway) -> None:
    with connect(running) as kept:
        kept.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        assert kept.recv(65_536).startswith(b"HTTP/1.1 404")
        kept.sendall(b"hello")
        kept.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(65_536).startswith(b"HTTP/1.1 200")


def test_head_that_trickles_is_given_up(running: Gateway) -> None:
    with connect(running) as slow:
        start = time.monotonic()
        slow.sendall(b"GET /livez HTTP/1.1\r\n")
        slow.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() - start < PATIENCE_S:
            try:
                slow.sendall(b"X-A: b\r\n")
                answer = slow.recv(1_000)
            except TimeoutError:
                continue

    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - start < 5


def test_second_head_of_a_connection_is_bounded_too(running: Gateway) -> None:
    with connect(running) as slow:
        slow.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert slow.recv(65_536).startswith(b"HTTP/1.1 200")
        slow.sendall(b"GET /livez HTTP/1.1\r\n")

        assert rest(slow).startswith(b"HTTP/1.1 408")


def test_request_that_takes_long_is_not_a_head(running: Gateway) -> None:
    data = pictures.jpeg()
    with connect(running) as slow:
        slow.sendall(
            f"POST /v1/parse HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n".encode()
        )
        time.sleep(0.8)
        slow.sendall(data)

        assert slow.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET /" + b"a" * 400_000, id="target"),
        pytest.param(b"GET / HTTP/1.1\r\nX-A: " + b"a" * 400_000, id="header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 50_000, id="headers"),
        pytest.param(
            b"POST /v1/parse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            + b"X-A: b\r\n" * 50_000,
            id="trailers",
        ),
    ],
)
def test_endless_head_is_cut_off(running: Gateway, head: bytes) -> None:
    with connect(running) as endless:
        try:
            for start in range(0, len(head), 16_000):
                endless.sendall(head[start : start + 16_000])
        except (ConnectionResetError, BrokenPipeError):
            pass
        answer = rest(endless)

    assert answer == b"" or answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
    assert httpx2.get(f"http://{running.http}/livez").status_code == 200


def test_long_head_within_the_limit_is_answered(running: Gateway) -> None:
    answer = httpx2.get(f"http://{running.http}/livez", headers={"X-A": "a" * 60_000})

    assert answer.status_code == 200
