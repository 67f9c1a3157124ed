"""HTTP as nobody should speak it, on raw sockets."""

import socket
import struct
import time

import pytest

from tests.fixtures import pictures
from tests.integration.faults.asking import Service, check_raw, rest

PHOTO = pictures.jpeg()
LENGTH = b"Content-Length: %d\r\n" % len(PHOTO)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LAST = b"0\r\n\r\n"


def request(
    headers: bytes = LENGTH,
    body: bytes = PHOTO,
    method: bytes = b"POST",
    target: bytes = b"/v1/parse",
    version: bytes = b"1.1",
) -> bytes:
    head = b"%b %b HTTP/%b\r\nHost: x\r\nConnection: close\r\n" % (method, target, version)
    return head + headers + b"\r\n" + body


def chunks(data: bytes, size: int = 1_000) -> bytes:
    parts = (data[start : start + size] for start in range(0, len(data), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(request(LENGTH + LENGTH), id="length-twice"),
        pytest.param(request(LENGTH + b"Content-Length: 5\r\n"), id="two-lengths"),
        pytest.param(request(b"Content-Length: 5, 5\r\n"), id="list-of-lengths"),
        pytest.param(request(b"Content-Length: -1\r\n"), id="negative-length"),
        pytest.param(request(b"Content-Length: +5\r\n"), id="signed-length"),
        pytest.param(request(b"Content-Length: 0x10\r\n"), id="hexadecimal-length"),
        pytest.param(request(b"Content-Length: 1.5\r\n"), id="half-a-byte"),
        pytest.param(request(b"Content-Length: \r\n"), id="length-of-nothing"),
        pytest.param(request(b"Content-Length: %b\r\n" % (b"9" * 5_000)), id="endless-length"),
        pytest.param(request(LENGTH + CHUNKED, chunks(PHOTO) + LAST), id="length-and-chunks"),
        pytest.param(request(CHUNKED + LENGTH, chunks(PHOTO) + LAST), id="chunks-and-length"),
        pytest.param(request(CHUNKED * 2, chunks(PHOTO) + LAST), id="chunked-twice"),
        pytest.param(request(b"Transfer-Encoding: gzip\r\n"), id="coding-without-an-end"),
        pytest.param(
            request(b"Transfer-Encoding: chunked, gzip\r\n", chunks(PHOTO) + LAST),
            id="chunked-is-not-last",
        ),
        pytest.param(
            request(b"Transfer-Encoding: xchunked\r\n", chunks(PHOTO) + LAST), id="xchunked"
        ),
        pytest.param(
            request(b"Transfer-Encoding:\x0bchunked\r\n", chunks(PHOTO) + LAST),
            id="chunked-and-tab",
        ),
        pytest.param(request(CHUNKED, b"zz\r\nabc\r\n" + LAST), id="size-that-is-no-number"),
        pytest.param(request(CHUNKED, b"-5\r\nabcde\r\n" + LAST), id="negative-size"),
        pytest.param(request(CHUNKED, b"f" * 17 + b"\r\nabc"), id="size-beyond-64-bits"),
        pytest.param(request(CHUNKED, b"5\r\nabcdefgh\r\n" + LAST), id="size-that-is-wrong"),
        pytest.param(request(CHUNKED, b"3\nabc\n0\n\n"), id="chunks-in-lines"),
        pytest.param(request(b"X-A: b\r\n c\r\n"), id="folded-header"),
        pytest.param(request(b"X-A\r\n"), id="header-without-colon"),
        pytest.param(request(b"X A: b\r\n"), id="name-with-space"),
        pytest.param(request(b"X-A : b\r\n"), id="space-before-colon"),
        pytest.param(request(b": b\r\n"), id="no-name"),
        pytest.param(request(b"X-A: a\0b\r\n"), id="nul-in-a-header"),
        pytest.param(request(b"X-A: a\rb\r\n"), id="half-a-line-end"),
        pytest.param(b"GET /livez HTTP/1.1\nHost: x\n\n", id="line-ends-of-unix"),
        pytest.param(request(target=b"/v1/p\xe4rse"), id="target-that-is-no-ascii"),
        pytest.param(request(target=b"/v1/parse\0"), id="nul-in-the-target"),
        pytest.param(request(target=b"/v1/pa rse"), id="space-in-the-target"),
        pytest.param(request(target=b"\\v1\\parse"), id="backslashes"),
        pytest.param(request(target=b"v1/parse"), id="target-without-slash"),
        pytest.param(request(method=b"post"), id="small-letters"),
        pytest.param(request(method=b"BREW"), id="unknown-method"),
        pytest.param(request(b"", b"", b"CONNECT", b"example.org:443"), id="connect"),
        pytest.param(request(version=b"1.2"), id="version-1.2"),
        pytest.param(request(version=b"9.9"), id="version-9.9"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", id="http-2"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), id="tls"),
        pytest.param(b"EHLO x\r\n", id="smtp"),
        pytest.param(bytes(range(256)) * 10, id="noise"),
    ],
)
def test_request_that_could_be_read_in_two_ways_is_not_read(service: Service, raw: bytes) -> None:
    answer = service.send(raw)

    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), answer[:100]
    assert b"urn:limn:problem:no-http" in answer


@pytest.mark.parametrize(
    ("raw", "status", "slug"),
    [
        pytest.param(request(b"", b""), 400, "empty-image", id="no-body"),
        pytest.param(request(b"", PHOTO), 400, "empty-image", id="body-without-length"),
        pytest.param(
            request(b"Content-Length: 99999999999\r\n", b""), 413, "body-too-large", id="announced"
        ),
        pytest.param(
            request(b"Content-Length: 2000000\r\nExpect: 100-continue\r\n", b""),
            413,
            "body-too-large",
            id="announced-and-asked-for-first",
        ),
        pytest.param(
            request(CHUNKED, b"7fffffffffffffff\r\n" + bytes(1_500_000)),
            413,
            "body-too-large",
            id="chunk-without-end",
        ),
        pytest.param(
            request(b"Content-Length: 100\r\n", PHOTO[:100]), 422, "corrupt-image", id="cut-body"
        ),
        pytest.param(
            request(b"Transfer-Encoding: gzip, chunked\r\n", chunks(b"\x1f\x8b\x08\0") + LAST),
            415,
            "unsupported-image",
            id="transfer-coding-is-not-undone",
        ),
        pytest.param(
            request(b"Content-Encoding: gzip\r\nContent-Length: 4\r\n", b"\x1f\x8b\x08\0"),
            415,
            "unsupported-image",
            id="content-coding-is-not-undone",
        ),
        *(
            pytest.param(
                request(LENGTH, method=method), 405, "method-not-allowed", id=method.decode()
            )
            for method in (b"PUT", b"PATCH", b"DELETE", b"PROPFIND", b"OPTIONS")
        ),
        pytest.param(request(b"", b"", b"TRACE", b"/livez"), 405, "method-not-allowed", id="TRACE"),
        pytest.param(request(b"", b"", b"GET"), 405, "method-not-allowed", id="GET"),
        pytest.param(request(b"", b"", b"OPTIONS", b"*"), 404, "not-found", id="OPTIONS-of-all"),
        pytest.param(request(target=b"//v1/parse"), 404, "not-found", id="two-slashes"),
        pytest.param(request(target=b"/v1/../v1/parse"), 404, "not-found", id="dots"),
        pytest.param(request(target=b"/v1/parse%00"), 404, "not-found", id="encoded-nul"),
        pytest.param(request(target=b"/v1/%zz"), 404, "not-found", id="bad-percent"),
        pytest.param(
            request(target=b"/v1/parse?%ff=%fe&&=&a"), 422, "invalid-parameter", id="odd-query"
        ),
        pytest.param(
            request(target=b"/v1/parse?scales=1;flip=1"), 422, "invalid-parameter", id="semicolon"
        ),
        pytest.param(
            request(target=b"/v1/parse?" + b"&".join(b"a%d=1" % i for i in range(5_000))),
            422,
            "invalid-parameter",
            id="five-thousand-parameters",
        ),
    ],
)
def test_request_that_cannot_be_answered_is_told_why(
    service: Service, raw: bytes, status: int, slug: str
) -> None:
    check_raw(service.send(raw), status, slug)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(request(CHUNKED, chunks(PHOTO, 1) + LAST), id="a-byte-a-chunk"),
        pytest.param(request(CHUNKED, chunks(PHOTO) + b"0\r\nX-A: b\r\n\r\n"), id="trailer"),
        pytest.param(request(version=b"1.0"), id="version-1.0"),
        pytest.param(request(target=b"http://elsewhere:80/v1/parse"), id="whole-address"),
        pytest.param(request(target=b"/v1/parse#x"), id="fragment"),
        pytest.param(request(LENGTH + b"Expect: 200-maybe\r\n"), id="odd-expectation"),
        pytest.param(request(LENGTH + b"Range: bytes=0-5\r\n"), id="range"),
        pytest.param(request(LENGTH + b"Accept: text/nothing\r\n"), id="accepts-nothing"),
        pytest.param(request(LENGTH + b"Content-Type: \xff\xfe;;;=\r\n"), id="no-content-type"),
        pytest.param(request(LENGTH + b"X-Request-Id: \xff\xfe\r\n"), id="no-id"),
        pytest.param(
            request(LENGTH + b"Content-Encoding: gzip\r\n"), id="coding-that-is-not-there"
        ),
    ],
)
def test_odd_request_is_answered_like_any_other(service: Service, raw: bytes) -> None:
    head, _, body = service.send(raw).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == service.expected


def test_client_that_waits_to_be_asked_for_its_body_is(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(request(LENGTH + b"Expect: 100-continue\r\n", b""))
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(PHOTO)

        assert rest(connection).endswith(service.expected)


def test_five_hundred_requests_in_one_go_are_answered_in_their_order(service: Service) -> None:
    paths = [b"/livez", b"/nothing", b"/v1/models"] * 166
    raw = b"".join(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in paths)

    answer = service.send(raw + request())

    statuses = [int(line[:3]) for line in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200, 404, 200] * 166 + [200]
    assert answer.endswith(service.expected)


def test_websocket_is_not_opened(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(
            b"GET /v1/parse HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )

        assert connection.recv(65_536).startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize(
    "sent", [0, 1, 60, len(request()) - 1], ids=["none", "byte", "head", "all"]
)
def test_connection_that_is_reset_leaves_nothing_behind(service: Service, sent: int) -> None:
    for _ in range(20):
        connection = service.connect()
        connection.sendall(request()[:sent])
        # Closed with a reset, as by a client that was killed or a router that forgot it.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    deadline = time.monotonic() + 10
    while "limn_requests_in_flight 0.0" not in service.get("/metrics").text:
        assert time.monotonic() < deadline, "requests of clients that have gone are in flight"
        time.sleep(0.02)


def test_extension_of_a_chunk_is_bounded(service: Service) -> None:
    answer = service.send(request(CHUNKED, b"3;" + b"a" * 200_000 + b"\r\nabc\r\n" + LAST))

    assert answer == b"" or answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
