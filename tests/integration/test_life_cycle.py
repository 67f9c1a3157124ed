"""How the service starts, stops and reloads: a real process, real signals, real sockets."""

import shutil
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx2
import numpy as np
import onnx
import pytest
import tritonclient.grpc
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from onnx import numpy_helper

from limn.promotion import PROMOTION_FILE
from service.app import create_app, create_operations_app
from service.keys import create, revoke
from service.settings import Settings
from service.watchdog import Watchdog
from service.workers import Workers
from tests.fixtures import pictures
from tests.fixtures.gateway import gateway
from tests.fixtures.holding import PATIENCE_S, holding
from tests.fixtures.models import graph, write_model
from tests.fixtures.process import Process, process

PHOTO = np.array([pictures.jpeg()], dtype=object)


def slow(seconds: float) -> tuple[str, ...]:
    """Command of a service whose decoding takes its time."""
    return sys.executable, "-m", "tests.fixtures.slow_serve", str(seconds), "serve"


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


def test_stop_answers_what_is_in_flight_and_closes_what_is_idle(repository: Path) -> None:
    with (
        process(repository, command=slow(0.2), sessions=4, max_in_flight=50) as running,
        ThreadPoolExecutor(50) as clients,
        socket.create_connection(running.http.split(":")) as idle,  # type: ignore[arg-type]
    ):
        expected = parse(running.http).content
        by_http = [clients.submit(parse, running.http) for _ in range(20)]
        by_grpc = [clients.submit(infer, running.grpc) for _ in range(20)]
        in_flight(running, 40)

        running.signal(signal.SIGTERM)

        idle.settimeout(PATIENCE_S)
        assert idle.recv(1) == b""
        idle_closed = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset
            socket.create_connection(running.http.split(":")).close()  # type: ignore[arg-type]
        answers = [answer.result() for answer in by_http]
        labels = [answer.result() for answer in by_grpc]
        status = running.wait()

    assert {(answer.status_code, answer.content) for answer in answers} == {(200, expected)}
    assert all(np.array_equal(found, pictures.png_indices(expected)) for found in labels)
    assert status == 0
    assert time.monotonic() > idle_closed
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


def test_second_signal_stops_at_once(repository: Path) -> None:
    with (
        process(repository, command=slow(30)) as running,
        ThreadPoolExecutor(1) as client,
    ):
        answer = client.submit(parse, running.http)
        in_flight(running, 1)
        running.signal(signal.SIGTERM)
        running.wait_for("Waiting for")
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


def test_killed_service_is_ready_again_soon(repository: Path) -> None:
    with process(repository) as running:
        running.signal(signal.SIGKILL)
        running.wait()
    start = time.monotonic()
    with process(repository) as running:
        assert httpx2.get(f"http://{running.http}/readyz").status_code == 200
        assert time.monotonic() - start < 30


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


def other_graph() -> onnx.ModelProto:
    """The model of the fixture with its classes turned round."""
    proto = graph()
    for tensor in proto.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor)[::-1], tensor.name))
    return proto


@pytest.fixture
def own(repository: Path, tmp_path: Path) -> Path:
    """A repository that a test may change."""
    return Path(shutil.copytree(repository, tmp_path / "repository"))


def test_hangup_brings_the_version_that_is_promoted(own: Path) -> None:
    with process(own) as running:
        url = f"http://{running.http}/v1/models/baseline"
        before = parse(running.http).content
        write_model(own, version=2, proto=other_graph())

        running.signal(signal.SIGHUP)
        running.wait_for("baseline version 2")

        assert httpx2.get(url).json()["version"] == 2
        assert parse(running.http).content != before
        old = httpx2.post(
            f"http://{running.http}/v1/parse?version=1", content=pictures.jpeg()
        ).content
        assert old == before
        (own / "baseline" / PROMOTION_FILE).write_text('{"served": 1}')
        running.signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE_S
        while httpx2.get(url).json()["version"] != 1:
            assert time.monotonic() < deadline
        assert parse(running.http).content == before


def test_hangup_with_a_bad_model_changes_nothing(own: Path) -> None:
    with process(own) as running:
        before = parse(running.http).content
        folder = write_model(own, version=2, proto=other_graph())
        (folder / "model.onnx").write_bytes(b"not a model")

        running.signal(signal.SIGHUP)
        running.wait_for("nothing has changed")

        assert "sha256 differs" in running.log
        assert httpx2.get(f"http://{running.http}/readyz").status_code == 200
        assert parse(running.http).content == before
        running.signal(signal.SIGTERM)
        assert running.wait() == 0


def admin_reload(address: str, key: str | None) -> httpx2.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    url = f"http://{address}/v1/admin/reload"
    return httpx2.post(url, headers=headers, timeout=PATIENCE_S)


def test_administrator_reloads_models_and_keys(own: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    admin, client = create(file, "admin", ["admin"]), create(file, "client", ["parse"])
    with gateway(own, keys_file=file) as running:
        url = f"http://{running.http}/v1/models"
        headers = {"Authorization": f"Bearer {client}"}
        refused = [admin_reload(running.http, key).status_code for key in (None, client)]
        write_model(own, version=2, proto=other_graph())
        revoke(file, "client")
        still = httpx2.get(url, headers=headers).status_code
        done = admin_reload(running.http, admin)
        revoked = httpx2.get(url, headers=headers).status_code
        file.write_text("nothing")
        bad = admin_reload(running.http, admin)
        same = admin_reload(running.http, admin).status_code

    assert refused == [401, 403]
    assert still == 200
    assert done.json() == {
        "models": [{"name": "baseline", "version": 1}, {"name": "baseline", "version": 2}]
    }
    assert revoked == 401
    assert (bad.status_code, same) == (409, 409)
    assert bad.json()["type"] == "urn:limn:problem:reload-refused"
    assert "is no file of keys" in bad.json()["detail"]


def test_reload_is_not_offered_to_strangers(client: TestClient) -> None:
    answer = client.post("/v1/admin/reload")

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:limn:problem:not-offered"


def test_request_in_flight_ends_on_the_models_it_began_with(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys.json"
    key = create(file, "all", ["admin", "parse", "metrics"])
    headers = {"Authorization": f"Bearer {key}"}
    with gateway(own, keys_file=file, sessions=2) as running:
        url = f"http://{running.http}/v1/parse"
        serving = running.app.state.serving
        old = serving.current
        begun, go_on = threading.Event(), threading.Event()
        prepare = old.pipeline._prepare

        def wait(*arguments: object) -> object:
            begun.set()
            go_on.wait(PATIENCE_S)
            return prepare(*arguments)

        before = httpx2.post(url, content=pictures.jpeg(), headers=headers).content
        monkeypatch.setattr(old.pipeline, "_prepare", wait)
        with ThreadPoolExecutor(1) as client:
            first = client.submit(
                httpx2.post, url, content=pictures.jpeg(), headers=headers, timeout=PATIENCE_S
            )
            begun.wait(PATIENCE_S)
            shutil.rmtree(own / "baseline")
            write_model(own, version=2, proto=other_graph())
            assert admin_reload(running.http, key).status_code == 200
            after = httpx2.post(url, content=pictures.jpeg(), headers=headers).content
            assert old.pipeline.engine._is_open
            go_on.set()
            ended = first.result().content
        deadline = time.monotonic() + PATIENCE_S
        while old.pipeline.engine._is_open:
            assert time.monotonic() < deadline, "the old models are still in memory"
            time.sleep(0.01)

    assert ended == before
    assert after != before


def test_liveness_fails_where_no_worker_comes_back(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(repository, monkeypatch, sessions=2) as held:
        watchdog: Watchdog = held.running.app.state.watchdog
        monkeypatch.setattr(watchdog, "_stuck_after_s", 0.2)
        url = f"http://{held.running.http}/livez"
        with ThreadPoolExecutor(2) as clients:
            clients.submit(parse, held.running.http)
            held.begun.wait(PATIENCE_S)
            time.sleep(0.3)
            one_left = httpx2.get(url).status_code
            clients.submit(parse, held.running.http)
            held.wait_for(2)
            time.sleep(0.3)
            none_left = httpx2.get(url)
            held.go_on.set()
        after = httpx2.get(url).status_code

    assert (one_left, none_left.status_code, after) == (200, 503, 200)
    assert none_left.json()["type"] == "urn:limn:problem:workers-stuck"


def test_overload_and_a_closed_engine_are_no_reason_to_restart(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository, sessions=1, grpc_port=0))
    with TestClient(app) as client:
        assert client.portal is not None
        client.portal.call(app.state.serving.current.pipeline.engine.close)

        assert client.get("/readyz").status_code == 503
        assert client.get("/livez").status_code == 200


def test_loop_that_hangs_is_shown_where(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.watchdog._BEAT_S", 0.05)

    async def hang() -> None:
        async with Watchdog(Workers(1), stuck_after_s=0.2).watching():
            await anyio.sleep(0.1)
            time.sleep(0.6)
            await anyio.sleep(0.1)

    anyio.run(hang)

    lines = [record.getMessage() for record in caplog.records]
    assert lines.count("the event loop hangs; this is where:") == 1
    assert any("time.sleep(0.6)" in line for line in lines)
