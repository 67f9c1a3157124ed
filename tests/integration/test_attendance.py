"""Work ends with its deadline, and with the client that waited for it: on real sockets."""

import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fixtures import pictures
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.holding import PATIENCE_S, holding

_FORM = {"files": {"image": ("photo.jpg", pictures.jpeg())}, "data": {"timeout_ms": "100"}}
_RAW = {"content": pictures.jpeg()}


def ask(running: Gateway) -> socket.socket:
    """A connection on which a whole request was sent."""
    host, port = running.http.split(":")
    connection = socket.create_connection((host, int(port)))
    head = f"POST /v1/parse HTTP/1.1\r\nHost: x\r\nContent-Length: {len(pictures.jpeg())}\r\n\r\n"
    connection.sendall(head.encode() + pictures.jpeg())
    return connection


def post(running: Gateway, **request: Any) -> httpx2.Response:
    return httpx2.post(f"http://{running.http}/v1/parse", timeout=PATIENCE_S, **request)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(_RAW | {"params": {"timeout_ms": 100}}, id="query"),
        pytest.param(_RAW | {"headers": {"X-Request-Timeout-Ms": "100"}}, id="header"),
        pytest.param(_FORM, id="form"),
    ],
)
def test_deadline_is_kept_in_the_queue(
    repository: Path, monkeypatch: pytest.MonkeyPatch, request_: dict[str, Any]
) -> None:
    with holding(repository, monkeypatch) as held, ask(held.running):
        held.begun.wait(PATIENCE_S)
        start = time.monotonic()

        late = post(held.running, **request_)

        seconds = time.monotonic() - start
        assert held.in_flight() == 1

    assert late.status_code == 504
    assert late.json()["type"] == "urn:limn:problem:timeout"
    assert late.json()["detail"] == "no answer within the 100 ms that the request allows"
    assert 0.1 <= seconds < 2


def test_shortest_of_several_deadlines_counts(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(repository, monkeypatch) as held, ask(held.running):
        held.begun.wait(PATIENCE_S)
        late = post(
            held.running,
            **_RAW,
            params={"timeout_ms": 60_000},
            headers={"X-Request-Timeout-Ms": "50"},
        )

    assert "within the 50 ms" in late.json()["detail"]


def test_deadline_counts_the_time_of_the_body(repository: Path) -> None:
    with gateway(repository) as running:
        host, port = running.http.split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"POST /v2/models/baseline_photo/infer HTTP/1.1\r\nHost: x\r\n"
                b"X-Request-Timeout-Ms: 100\r\nContent-Length: 9\r\n\r\n"
            )
            connection.settimeout(PATIENCE_S)
            answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 504")


def test_answer_within_the_deadline_is_as_without(repository: Path) -> None:
    with gateway(repository) as running:
        plain = post(running, **_RAW)
        bound = post(running, **_RAW, params={"timeout_ms": 60_000})

    assert plain.status_code == bound.status_code == 200
    assert plain.content == bound.content


@pytest.mark.parametrize("value", ["0", "-1", "soon", "1.5", "9" * 30, ""])
def test_bad_deadline_is_refused(repository: Path, value: str) -> None:
    with gateway(repository) as running:
        by_header = post(running, **_RAW, headers={"X-Request-Timeout-Ms": value})
        by_query = post(running, **_RAW, params={"timeout_ms": value})

    assert (by_header.status_code, by_query.status_code) == (422, 422)
    assert by_header.json()["errors"][0]["field"] == "X-Request-Timeout-Ms"
    assert by_query.json()["errors"][0]["field"] == "timeout_ms"


def test_client_that_leaves_the_queue_takes_its_request_along(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(repository, monkeypatch) as held, ask(held.running) as first:
        held.begun.wait(PATIENCE_S)
        second = ask(held.running)
        held.wait_for(2)

        second.close()

        held.wait_for(1)
        held.go_on.set()
        first.settimeout(PATIENCE_S)
        assert first.recv(65_536).startswith(b"HTTP/1.1 200")
        assert len(held.scored) == 1


def test_work_of_a_client_that_has_gone_is_dropped(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(repository, monkeypatch, max_in_flight=1) as held:
        first = ask(held.running)
        held.begun.wait(PATIENCE_S)

        first.close()
        # Decoding has begun and cannot be interrupted; nothing comes after it.
        threading.Timer(0.3, held.go_on.set).start()
        held.wait_for(0)

        assert held.scored == []
        assert post(held.running, **_RAW).status_code == 200
        metrics = httpx2.get(f"http://{held.running.http}/metrics").text
    assert 'limn_requests_total{route="/v1/parse",status="499"} 1.0' in metrics


def test_client_that_leaves_within_its_body_is_no_failure(
    repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with gateway(repository) as running:
        host, port = running.http.split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"POST /v1/parse HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nx")
            time.sleep(0.1)
        url = f"http://{running.http}/metrics"
        deadline = time.monotonic() + PATIENCE_S
        while 'status="499"' not in httpx2.get(url).text:
            assert time.monotonic() < deadline
        after = post(running, **_RAW)

    assert after.status_code == 200
    assert caplog.text == ""


def test_caller_who_asks_too_often_is_told_when_to_come_back(repository: Path) -> None:
    with gateway(repository, rate_limit_per_minute=2) as running:
        answers = [post(running, **_RAW) for _ in range(3)]
        other = httpx2.get(f"http://{running.http}/v1/models")

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"requests";q=2;w=60'
    assert answers[0].headers["ratelimit"] == '"requests";r=1;t=30'
    assert answers[2].headers["ratelimit"].startswith('"requests";r=0;t=')
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert answers[2].json()["type"] == "urn:limn:problem:rate-limited"
    assert other.status_code == 200


def test_rates_are_not_limited_by_default(repository: Path) -> None:
    with gateway(repository) as running:
        assert "ratelimit" not in post(running, **_RAW).headers
