"""What a v2 client may not ask, and what it is told then: the same over HTTP and gRPC."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from tests.fixtures import pictures
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.triton_client import Transport, check_refused, connected

PIXELS = np.zeros((1, 3, 384, 256), np.float32)
CANVAS = np.zeros((1, 384, 256, 3), np.uint8)
PHOTO = np.array([pictures.jpeg()], dtype=object)


@pytest.fixture(scope="module")
def running(repository: Path) -> Iterator[Gateway]:
    limits = {"max_upload_bytes": 2_000_000, "max_batch_images": 2, "max_image_pixels": 200_000}
    with gateway(repository, **limits) as started:
        yield started


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
    transport: Transport,
    running: Gateway,
    model: str,
    inputs: dict[str, NDArray[Any]],
    more: dict[str, Any],
    status: int,
    message: str,
) -> None:
    with (
        connected(transport, running) as client,
        pytest.raises(InferenceServerException) as caught,
    ):
        client.infer(model, inputs, **more)

    check_refused(transport, caught.value, status, message)


def test_unknown_output_is_refused(transport: Transport, running: Gateway) -> None:
    with (
        connected(transport, running) as client,
        pytest.raises(InferenceServerException) as caught,
    ):
        client.infer("baseline_parse", {"canvas": CANVAS}, "labels", "masks")

    check_refused(transport, caught.value, 400, "has no 'masks'; there are: labels, color, scores")


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
    transport: Transport, running: Gateway, call: Callable[[Any], None]
) -> None:
    with (
        connected(transport, running) as client,
        pytest.raises(InferenceServerException, match="not offered") as caught,
    ):
        call(client.api)

    refused = {"http": "404", "grpc": "StatusCode.UNIMPLEMENTED"}
    assert caught.value.status() == refused[transport]
