"""How the v2 service meets overload, deadlines and failures: the same over HTTP and gRPC."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import httpx2
import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from service.errors import PortTaken
from service.opening import Opening
from service.server import serve
from service.settings import Settings
from tests.fixtures import pictures
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.triton_client import Transport, check_refused, connected

PIXELS = np.zeros((1, 3, 384, 256), np.float32)
PHOTO = np.array([pictures.jpeg()], dtype=object)


@pytest.fixture(scope="module")
def running(repository: Path) -> Iterator[Gateway]:
    limits = {"max_upload_bytes": 2_000_000, "max_batch_images": 2, "max_image_pixels": 200_000}
    with gateway(repository, **limits) as started:
        yield started


def test_message_too_large_is_refused(transport: Transport, running: Gateway) -> None:
    large = np.array([b"\xff\xd8\xff" + bytes(2_000_000)], dtype=object)

    with connected(transport, running) as client:
        with pytest.raises(InferenceServerException) as caught:
            client.infer("baseline_photo", {"photo": large})
        after = client.infer("baseline_photo", {"photo": PHOTO})

    refused = {"http": "413", "grpc": "StatusCode.RESOURCE_EXHAUSTED"}
    assert caught.value.status() == refused[transport]
    assert after.as_numpy("labels") is not None


def test_message_that_unpacks_to_more_is_refused(running: Gateway) -> None:
    large = np.array([bytes(50_000_000)], dtype=object)

    with (
        connected("grpc", running) as client,
        pytest.raises(InferenceServerException, match="larger than max") as caught,
    ):
        client.infer("baseline_photo", {"photo": large}, compression_algorithm="gzip")

    assert caught.value.status() == "StatusCode.RESOURCE_EXHAUSTED"


def test_body_that_unpacks_to_more_is_refused(running: Gateway) -> None:
    answer = httpx2.post(
        f"http://{running.http}/v2/models/baseline/infer",
        content=gzip.compress(bytes(50_000_000)),
        headers={"content-encoding": "gzip"},
    )

    assert answer.status_code == 413
    assert answer.json() == {"error": "the limit is 2000000 bytes, decompressed too"}


@contextmanager
def held_back(
    repository: Path, monkeypatch: pytest.MonkeyPatch, **settings: object
) -> Iterator[tuple[Gateway, threading.Event, threading.Event]]:
    """An app whose decoding waits: (gateway, decoding has begun, let it go on)."""
    begun, go_on = threading.Event(), threading.Event()
    with gateway(repository, **({"sessions": 1} | settings)) as running:
        prepare = running.app.state.serving.current.pipeline._prepare

        def wait(*arguments: object) -> object:
            begun.set()
            go_on.wait(10)
            return prepare(*arguments)

        monkeypatch.setattr(running.app.state.serving.current.pipeline, "_prepare", wait)
        try:
            yield running, begun, go_on
        finally:
            go_on.set()


@pytest.mark.parametrize("holder", ["http", "grpc"])
def test_full_service_refuses_the_next_request_on_either_transport(
    repository: Path, monkeypatch: pytest.MonkeyPatch, transport: Transport, holder: Transport
) -> None:
    with held_back(repository, monkeypatch, max_in_flight=1) as (running, begun, go_on):
        answered = []

        def hold() -> None:
            with connected(holder, running) as client:
                answered.append(client.infer("baseline_photo", {"photo": PHOTO}).as_numpy("labels"))

        first = threading.Thread(target=hold)
        first.start()
        begun.wait(10)
        with connected(transport, running) as client:
            with pytest.raises(InferenceServerException) as caught:
                client.infer("baseline_photo", {"photo": PHOTO})
            go_on.set()
            first.join()
            after = client.infer("baseline_photo", {"photo": PHOTO})

    check_refused(transport, caught.value, 429, "1 requests are in flight")
    assert np.array_equal(answered[0], after.as_numpy("labels"))


def test_deadline_of_a_call_ends_its_work(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held_back(repository, monkeypatch, max_in_flight=1) as (running, begun, go_on):
        with (
            connected("grpc", running) as client,
            pytest.raises(InferenceServerException) as caught,
        ):
            client.infer("baseline_photo", {"photo": PHOTO}, client_timeout=0.2)
        assert begun.is_set()
        scored = _record_scores(running, monkeypatch)
        # The server's clock for the call started a little after the client's.
        threading.Timer(0.3, go_on.set).start()
        deadline = time.monotonic() + 10
        metrics = f"http://{running.http}/metrics"
        while "limn_requests_in_flight 0.0" not in httpx2.get(metrics).text:
            assert time.monotonic() < deadline, "the request is still in flight"
        assert scored == []
        with connected("grpc", running) as client:
            client.infer("baseline_photo", {"photo": PHOTO})

    check_refused("grpc", caught.value, 504, "Deadline Exceeded")
    assert len(scored) == 1


def _record_scores(running: Gateway, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Scores that the engine finishes from now on."""
    finished: list[object] = []
    engine = running.app.state.serving.current.pipeline.engine
    scores = engine.scores

    async def recorded(*arguments: object) -> object:
        finished.append(await scores(*arguments))
        return finished[-1]

    monkeypatch.setattr(engine, "scores", recorded)
    return finished


def test_late_answer_is_a_timeout(
    repository: Path, monkeypatch: pytest.MonkeyPatch, transport: Transport
) -> None:
    with held_back(repository, monkeypatch, request_timeout_s=0.05) as (running, _, go_on):
        threading.Timer(0.3, go_on.set).start()
        with (
            connected(transport, running) as client,
            pytest.raises(InferenceServerException) as caught,
        ):
            client.infer("baseline_photo", {"photo": PHOTO})

    check_refused(transport, caught.value, 504, "no answer within 0.05 s")


def test_caller_who_asks_too_often_is_refused(repository: Path, transport: Transport) -> None:
    with (
        gateway(repository, rate_limit_per_minute=1) as running,
        connected(transport, running) as client,
    ):
        client.infer("baseline_photo", {"photo": PHOTO})
        with pytest.raises(InferenceServerException) as caught:
            client.infer("baseline_photo", {"photo": PHOTO})

    check_refused(transport, caught.value, 429, "1 requests a minute are allowed; try again in")


def test_message_that_never_comes_is_given_up(repository: Path) -> None:
    forever = threading.Event()

    def messages() -> Iterator[bytes]:
        forever.wait(10)
        yield from ()

    with (
        gateway(repository, request_timeout_s=0.2) as running,
        grpc.insecure_channel(running.grpc) as channel,
    ):
        call = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
        with pytest.raises(grpc.RpcError) as caught:
            call(messages(), timeout=10)
        forever.set()

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert caught.value.details() == "the message did not arrive within 0.2 s"


def test_call_without_a_message_is_refused(running: Gateway) -> None:
    with grpc.insecure_channel(running.grpc) as channel:
        call = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
        with pytest.raises(grpc.RpcError) as caught:
            call(iter(()), timeout=10)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_stream_that_is_forgotten_ends(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.kserve.servicer.IDLE_STREAM_S", 0.2)
    forever = threading.Event()

    def messages() -> Iterator[bytes]:
        forever.wait(10)
        yield from ()

    with gateway(repository) as running, grpc.insecure_channel(running.grpc) as channel:
        call = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
        start = time.monotonic()
        answers = list(call(messages(), timeout=10))
        forever.set()

    assert answers == []
    assert time.monotonic() - start < 5


def test_closed_engine_is_not_ready(repository: Path, transport: Transport) -> None:
    with gateway(repository, sessions=1) as running:
        running.app.state.serving.current.pipeline.engine._is_open = False
        with connected(transport, running) as client:
            states = [
                client.api.is_server_live(),
                client.api.is_server_ready(),
                client.api.is_model_ready("baseline"),
            ]
        with (
            connected(transport, running) as client,
            pytest.raises(InferenceServerException) as caught,
        ):
            client.infer("baseline", {"pixels": PIXELS})

    assert states == [True, False, False]
    check_refused(transport, caught.value, 503, "the engine is closed")


def test_unexpected_failure_says_nothing_of_itself(
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    transport: Transport,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret path")

    with gateway(repository, sessions=1) as running, connected(transport, running) as client:
        monkeypatch.setattr(running.app.state.serving.current.pipeline, "_prepare", fail)
        with pytest.raises(InferenceServerException) as caught:
            client.infer("baseline_photo", {"photo": PHOTO})

    check_refused(transport, caught.value, 500, "The service failed")
    assert "a secret path" in caplog.text


@pytest.mark.parametrize("listener", ["http", "grpc", "operations"])
def test_port_that_is_taken_is_a_clear_error(repository: Path, listener: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ports = {"http_port": 0, "grpc_port": 0, f"{listener}_port": port}
        settings = Settings.model_validate({"model_repository": repository} | ports)

        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}; LIMN_{listener.upper()}_PORT"):
            serve(settings, Opening(settings))
