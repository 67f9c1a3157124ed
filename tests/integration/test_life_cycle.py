"""How the service starts and stops: a real process, real signals, real sockets."""

import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np
import pytest
import tritonclient.grpc
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from service.app import create_app, create_operations_app
from service.settings import Settings
from tests.fixtures import pictures
from tests.fixtures.holding import PATIENCE_S
from tests.fixtures.process import Process, process

PHOTO = np.array([pictures.jpeg()], dtype=object)


def slow(until: float | Path) -> tuple[str, ...]:
    """Command of a service whose decoding takes so many seconds, or waits for a file."""
    return sys.executable, "-m", "tests.fixtures.slow_serve", str(until), "serve"


def parse(address: str) -> httpx2.Response:
    url = f"http://{address}/v1/parse"
    return httpx2.post(url, content=pictures.jpeg(), timeout=PATIENCE_S)


def infer(address: str) -> NDArray[np.uint8]:
    with tritonclient.grpc.InferenceServerClient(address) as client:
        tensor = tritonclient.grpc.InferInput("photo", [1], "BYTES")
        tensor.set_data_from_numpy(PHOTO)
        labels: NDArray[np.uint8] = client.infer("baseline_photo", [tensor]).as_numpy("labels")
        return labels


def in_flight(running: Process, expected: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    url = f"http://{running.http}/metrics"
    while f"limn_requests_in_flight {expected}.0" not in httpx2.get(url).text:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_stop_answers_what_is_in_flight_and_closes_what_is_idle(
    repository: Path, tmp_path: Path
) -> None:
    go_on = tmp_path / "go-on"
    with process(repository) as running:
        expected = parse(running.http).content
    with (
        process(repository, command=slow(go_on), max_in_flight=50) as running,
        ThreadPoolExecutor(50) as clients,
        socket.create_connection(running.http.split(":")) as idle,  # type: ignore[arg-type]
    ):
        by_http = [clients.submit(parse, running.http) for _ in range(25)]
        by_grpc = [clients.submit(infer, running.grpc) for _ in range(25)]
        in_flight(running, 50)

        running.signal(signal.SIGTERM)

        idle.settimeout(PATIENCE_S)
        assert idle.recv(1) == b""
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset
            socket.create_connection(running.http.split(":")).close()  # type: ignore[arg-type]
        go_on.touch()
        start = time.monotonic()
        answers = [answer.result() for answer in by_http]
        labels = [answer.result() for answer in by_grpc]
        status = running.wait()

    print(f"50 requests were answered and the process ended in {time.monotonic() - start:.2f} s")
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, expected)] * 25
    assert len(labels) == 25
    assert all(np.array_equal(found, pictures.png_indices(expected)) for found in labels)
    assert status == 0
    assert "Traceback" not in running.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_service_stops_at_once(repository: Path, number: signal.Signals) -> None:
    with process(repository) as running:
        start = time.monotonic()
        running.signal(number)
        status = running.wait()

    assert status == 0
    assert time.monotonic() - start < 5
    assert "Traceback" not in running.log


def test_idle_stream_does_not_hold_the_service_up(repository: Path) -> None:
    with (
        process(repository) as running,
        tritonclient.grpc.InferenceServerClient(running.grpc) as client,
    ):
        answers: list[object] = []
        client.start_stream(lambda result, error: answers.append(result or error))
        tensor = tritonclient.grpc.InferInput("photo", [1], "BYTES")
        tensor.set_data_from_numpy(PHOTO)
        client.async_stream_infer("baseline_photo", [tensor])
        deadline = time.monotonic() + PATIENCE_S
        while not answers:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        start = time.monotonic()

        running.signal(signal.SIGTERM)

        assert running.wait() == 0
        assert time.monotonic() - start < 5
        client.stop_stream()


def test_second_signal_stops_at_once(repository: Path) -> None:
    with (
        process(repository, command=slow(30)) as running,
        ThreadPoolExecutor(1) as client,
    ):
        answer = client.submit(parse, running.http)
        in_flight(running, 1)
        running.signal(signal.SIGTERM)
        running.wait_for("Waiting for connections to close")
        start = time.monotonic()

        running.signal(signal.SIGTERM)

        assert running.wait() == 128 + signal.SIGTERM
        assert time.monotonic() - start < 5
        assert answer.exception() is not None


def test_stop_ends_in_time_whatever_is_in_flight(repository: Path) -> None:
    with (
        process(repository, command=slow(3), shutdown_timeout_s=1) as running,
        ThreadPoolExecutor(1) as client,
    ):
        client.submit(parse, running.http)
        in_flight(running, 1)
        start = time.monotonic()

        running.signal(signal.SIGTERM)

        # Its step ends after three seconds and cannot be interrupted; nothing comes after it.
        assert running.wait() == 0
        assert time.monotonic() - start < 8


def test_operators_are_answered_on_their_port_from_start_to_stop(repository: Path) -> None:
    with process(repository, servers=2, command=slow(1), operations_port=0) as running:
        operations, gateway_ = running.servers
        health = {
            path: httpx2.get(f"http://{operations}{path}").status_code
            for path in ("/livez", "/startupz", "/readyz", "/metrics", "/version")
        }
        moved = [
            httpx2.get(f"http://{gateway_}{path}").status_code
            for path in ("/livez", "/readyz", "/metrics", "/v1/admin/reload")
        ]
        nothing = httpx2.post(f"http://{operations}/v1/parse", content=b"x").status_code
        with ThreadPoolExecutor(1) as client:
            answer = client.submit(parse, gateway_)
            while (
                "limn_requests_in_flight 1.0" not in httpx2.get(f"http://{operations}/metrics").text
            ):
                time.sleep(0.01)
            running.signal(signal.SIGTERM)
            while httpx2.get(f"http://{operations}/readyz").status_code == 200:
                time.sleep(0.01)
            stopping = httpx2.get(f"http://{operations}/readyz").json()
            live = httpx2.get(f"http://{operations}/livez").status_code
            assert answer.result().status_code == 200
        assert running.wait() == 0

    assert set(health.values()) == {200}
    assert moved == [404, 404, 404, 404]
    assert nothing == 404
    assert (stopping["status"], stopping["detail"]) == (503, "the service is stopping")
    assert live == 200


def test_started_means_that_every_model_is_warm(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository, grpc_port=0, operations_port=0))
    operators = TestClient(create_operations_app(app))

    def health() -> list[int]:
        return [operators.get(path).status_code for path in ("/livez", "/startupz", "/readyz")]

    before = health()
    with TestClient(app):
        during = health()

    assert before == [200, 503, 503]
    assert during == [200, 200, 200]
