"""What a v2 client may not do, and what it is told then: the same over HTTP and gRPC."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from service.app import serve
from service.errors import PortTaken
from service.settings import Settings
from tests.fixtures import pictures
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.models import write_model

GRPC_CODES = {
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
PIXELS = np.zeros((1, 3, 384, 256), np.float32)
CANVAS = np.zeros((1, 384, 256, 3), np.uint8)
PHOTO = np.array([pictures.jpeg()], dtype=object)
DATATYPES = {"uint8": "UINT8", "float32": "FP32", "float64": "FP64", "object": "BYTES"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    write_model(root)
    return root


@pytest.fixture(scope="module")
def running(small: Path) -> Iterator[Gateway]:
    limits = {"max_upload_bytes": 2_000_000, "max_batch_images": 2, "max_image_pixels": 200_000}
    with gateway(small, **limits) as started:
        yield started


Infer = Callable[..., Any]


@contextmanager
def infer_over(transport: str, running: Gateway) -> Iterator[Infer]:
    library = getattr(tritonclient, transport)
    with closing(library.InferenceServerClient(getattr(running, transport))) as api:

        def infer(model: str, inputs: dict[str, NDArray[Any]], *outputs: str, **more: Any) -> Any:
            sent = []
            for name, array in inputs.items():
                tensor = library.InferInput(name, list(array.shape), DATATYPES[array.dtype.name])
                tensor.set_data_from_numpy(array)
                sent.append(tensor)
            wanted = [library.InferRequestedOutput(output) for output in outputs]
            return api.infer(model, sent, outputs=wanted or None, **more)

        yield infer


@pytest.fixture(params=["http", "grpc"])
def transport(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def check(transport: str, error: InferenceServerException, status: int, message: str) -> None:
    expected = str(status) if transport == "http" else f"StatusCode.{GRPC_CODES[status]}"
    assert error.status() == expected, error
    assert message in error.message()


@pytest.mark.parametrize(
    ("model", "inputs", "more", "status", "message"),
    [
        pytest.param("nobody", {"pixels": PIXELS}, {}, 404, "no model 'nobody'", id="model"),
        pytest.param(
            "baseline",
            {"pixels": PIXELS},
            {"model_version": "7"},
            404,
            "there are: 1",
            id="version",
        ),
        pytest.param("baseline", {"x": PIXELS}, {}, 400, "takes pixels; got 'x'", id="input"),
        pytest.param("baseline", {}, {}, 400, "takes pixels; got none", id="no-input"),
        pytest.param(
            "baseline",
            {"pixels": PIXELS.astype(np.uint8)},
            {},
            400,
            "pixels: is FP32, not UINT8",
            id="datatype",
        ),
        pytest.param(
            "baseline",
            {"pixels": np.zeros(3)},
            {},
            400,
            "no model takes 'FP64'",
            id="datatype-unknown",
        ),
        pytest.param(
            "baseline", {"pixels": PIXELS[:, :2]}, {}, 400, "has shape [-1, 3, -1", id="shape"
        ),
        pytest.param(
            "baseline", {"pixels": PIXELS[:, :, 1:]}, {}, 400, "multiples of 16", id="no-multiple"
        ),
        pytest.param(
            "baseline", {"pixels": PIXELS[:, :, :16]}, {}, 400, "96 to 768", id="too-small"
        ),
        pytest.param(
            "baseline_parse",
            {"canvas": np.zeros((3, 384, 256, 3), np.uint8)},
            {},
            400,
            "a batch of 3; at most 2",
            id="batch",
        ),
        pytest.param(
            "baseline_photo",
            {"photo": np.array([b"GIF89a"], dtype=object)},
            {},
            400,
            "",
            id="no-photo",
        ),
        pytest.param(
            "baseline_photo",
            {"photo": np.array([pictures.png_header(30_000, 30_000)], dtype=object)},
            {},
            413,
            "the limit is",
            id="pixels",
        ),
        pytest.param(
            "baseline_photo",
            {"photo": PHOTO},
            {"parameters": {"scales": "9"}},
            400,
            "scales: '9' is no number from 0.25 to 2",
            id="scales",
        ),
        pytest.param(
            "baseline_photo",
            {"photo": PHOTO},
            {"parameters": {"flip": "perhaps"}},
            400,
            "flip: ",
            id="flip",
        ),
        pytest.param(
            "baseline_photo",
            {"photo": PHOTO},
            {"parameters": {"label_set": "nobody"}},
            404,
            "no label set",
            id="label-set",
        ),
        pytest.param(
            "baseline_parse",
            {"canvas": CANVAS},
            {"parameters": {"flip": True}},
            400,
            "flip: no such parameter",
            id="parameter",
        ),
        pytest.param(
            "baseline_parse", {"canvas": CANVAS}, {"sequence_id": 3}, 400, "no such", id="sequence"
        ),
        pytest.param(
            "baseline_parse", {"canvas": CANVAS}, {"timeout": 1}, 504, "no answer", id="timeout"
        ),
    ],
)
def test_bad_request_is_refused_in_the_protocol_s_words(
    transport: str,
    running: Gateway,
    model: str,
    inputs: dict[str, NDArray[Any]],
    more: dict[str, Any],
    status: int,
    message: str,
) -> None:
    with (
        infer_over(transport, running) as infer,
        pytest.raises(InferenceServerException) as caught,
    ):
        infer(model, inputs, **more)

    check(transport, caught.value, status, message)


def test_unknown_output_is_refused(transport: str, running: Gateway) -> None:
    with (
        infer_over(transport, running) as infer,
        pytest.raises(InferenceServerException) as caught,
    ):
        infer("baseline_parse", {"canvas": CANVAS}, "labels", "masks")

    check(transport, caught.value, 400, "has no 'masks'; there are: labels, color, scores")


def test_message_too_large_is_refused(transport: str, running: Gateway) -> None:
    large = np.array([b"\xff\xd8\xff" + bytes(2_000_000)], dtype=object)

    with infer_over(transport, running) as infer:
        with pytest.raises(InferenceServerException) as caught:
            infer("baseline_photo", {"photo": large})
        after = infer("baseline_photo", {"photo": PHOTO})

    refused = {"http": "413", "grpc": "StatusCode.RESOURCE_EXHAUSTED"}
    assert caught.value.status() == refused[transport]
    assert after.as_numpy("labels") is not None


def test_body_that_unpacks_to_more_is_refused(running: Gateway) -> None:
    answer = httpx2.post(
        f"http://{running.http}/v2/models/baseline/infer",
        content=gzip.compress(bytes(50_000_000)),
        headers={"content-encoding": "gzip"},
    )

    assert answer.status_code == 413
    assert answer.json() == {"error": "the limit is 2000000 bytes, decompressed too"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/nobody", 404),
        ("GET", "/v2/models/baseline/versions/one", 404),
        ("GET", "/v2/models/baseline/infer", 405),
        ("GET", "/v2/nothing", 404),
        ("POST", "/v2/repository/models/baseline/unload", 404),
        ("GET", "/v2/systemsharedmemory/status", 404),
        ("POST", "/v2/cudasharedmemory/region/a/register", 404),
        ("POST", "/v2/logging", 404),
    ],
)
def test_other_routes_answer_errors_in_the_protocol_s_shape(
    running: Gateway, method: str, path: str, status: int
) -> None:
    answer = httpx2.request(method, f"http://{running.http}{path}")

    assert answer.status_code == status
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.load_model("baseline"),
        lambda api: api.unload_model("baseline"),
        lambda api: api.register_system_shared_memory("region", "/key", 10),
        lambda api: api.unregister_system_shared_memory(),
        lambda api: api.get_system_shared_memory_status(),
        lambda api: api.register_cuda_shared_memory("region", b"aGFuZGxl", 0, 10),
        lambda api: api.get_cuda_shared_memory_status(),
        lambda api: api.unregister_cuda_shared_memory(),
        lambda api: api.update_trace_settings(settings={"trace_level": "OFF"}),
        lambda api: api.update_log_settings({"log_info": False}),
    ],
)
def test_control_is_not_given_to_strangers(
    transport: str, running: Gateway, call: Callable[[Any], None]
) -> None:
    library = getattr(tritonclient, transport)
    with (
        closing(library.InferenceServerClient(getattr(running, transport))) as api,
        pytest.raises(InferenceServerException, match="not offered") as caught,
    ):
        call(api)

    refused = {"http": "404", "grpc": "StatusCode.UNIMPLEMENTED"}
    assert caught.value.status() == refused[transport]


@contextmanager
def held_back(
    repository: Path, monkeypatch: pytest.MonkeyPatch, **settings: object
) -> Iterator[tuple[Gateway, threading.Event, threading.Event]]:
    """An app whose decoding waits: (gateway, decoding has begun, let it go on)."""
    begun, go_on = threading.Event(), threading.Event()
    with gateway(repository, **({"sessions": 1} | settings)) as running:
        prepare = running.app.state.pipeline._prepare

        def wait(*arguments: object) -> object:
            begun.set()
            go_on.wait(10)
            return prepare(*arguments)

        monkeypatch.setattr(running.app.state.pipeline, "_prepare", wait)
        try:
            yield running, begun, go_on
        finally:
            go_on.set()


@pytest.mark.parametrize("holder", ["http", "grpc"])
def test_full_service_refuses_the_next_request_on_either_transport(
    small: Path, monkeypatch: pytest.MonkeyPatch, transport: str, holder: str
) -> None:
    with held_back(small, monkeypatch, max_in_flight=1) as (running, begun, go_on):
        answered = []

        def hold() -> None:
            with infer_over(holder, running) as infer:
                answered.append(infer("baseline_photo", {"photo": PHOTO}).as_numpy("labels"))

        first = threading.Thread(target=hold)
        first.start()
        begun.wait(10)
        with infer_over(transport, running) as infer:
            with pytest.raises(InferenceServerException) as caught:
                infer("baseline_photo", {"photo": PHOTO})
            go_on.set()
            first.join()
            after = infer("baseline_photo", {"photo": PHOTO})

    check(transport, caught.value, 429, "1 requests are in flight")
    assert np.array_equal(answered[0], after.as_numpy("labels"))


def test_deadline_of_a_call_ends_its_work(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held_back(small, monkeypatch, max_in_flight=1) as (running, begun, go_on):
        with (
            infer_over("grpc", running) as infer,
            pytest.raises(InferenceServerException) as caught,
        ):
            infer("baseline_photo", {"photo": PHOTO}, client_timeout=0.2)
        assert begun.is_set()
        scored = _record_scores(running, monkeypatch)
        # The server's clock for the call started a little after the client's.
        threading.Timer(0.3, go_on.set).start()
        deadline = time.monotonic() + 10
        metrics = f"http://{running.http}/metrics"
        while "limn_requests_in_flight 0.0" not in httpx2.get(metrics).text:
            assert time.monotonic() < deadline, "the request is still in flight"
        assert scored == []
        with infer_over("grpc", running) as infer:
            infer("baseline_photo", {"photo": PHOTO})

    check("grpc", caught.value, 504, "Deadline Exceeded")
    assert len(scored) == 1


def _record_scores(running: Gateway, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Scores that the engine finishes from now on."""
    finished: list[object] = []
    engine = running.app.state.pipeline.engine
    scores = engine.scores

    async def recorded(*arguments: object) -> object:
        finished.append(await scores(*arguments))
        return finished[-1]

    monkeypatch.setattr(engine, "scores", recorded)
    return finished


def test_late_answer_is_a_timeout(
    small: Path, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    with held_back(small, monkeypatch, request_timeout_s=0.05) as (running, _, go_on):
        threading.Timer(0.3, go_on.set).start()
        with (
            infer_over(transport, running) as infer,
            pytest.raises(InferenceServerException) as caught,
        ):
            infer("baseline_photo", {"photo": PHOTO})

    check(transport, caught.value, 504, "no answer within 0.05 s")


def test_closed_engine_is_not_ready(small: Path, transport: str) -> None:
    library = getattr(tritonclient, transport)
    with gateway(small, sessions=1) as running:
        running.app.state.pipeline.engine._is_open = False
        with closing(library.InferenceServerClient(getattr(running, transport))) as api:
            states = [
                api.is_server_live(),
                api.is_server_ready(),
                api.is_model_ready("baseline"),
            ]
        with (
            infer_over(transport, running) as infer,
            pytest.raises(InferenceServerException) as caught,
        ):
            infer("baseline", {"pixels": PIXELS})

    assert states == [True, False, False]
    check(transport, caught.value, 503, "the engine is closed")


def test_unexpected_failure_says_nothing_of_itself(
    small: Path, monkeypatch: pytest.MonkeyPatch, transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret path")

    with gateway(small, sessions=1) as running, infer_over(transport, running) as infer:
        monkeypatch.setattr(running.app.state.pipeline, "_prepare", fail)
        with pytest.raises(InferenceServerException) as caught:
            infer("baseline_photo", {"photo": PHOTO})

    check(transport, caught.value, 500, "The service failed")
    assert "a secret path" in caplog.text


def test_port_that_is_taken_is_a_clear_error(small: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = Settings(model_repository=small, http_port=0, grpc_port=port)

        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}; LIMN_GRPC_PORT"):
            serve(settings)
