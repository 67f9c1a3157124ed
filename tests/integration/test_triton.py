"""A real Triton over the built repository answers what the contracts promise."""

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from google.protobuf.json_format import MessageToDict
from numpy.typing import NDArray
from skimage import data
from tritonclient import grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype, shared_memory

from export.triton.config import parse
from export.triton.local import LocalTriton
from export.triton.promote import promote, roll_back
from limn.contract import PARSER_SUFFIX, ModelContract, read_contract, read_parser_contract
from limn.geometry import Letterbox
from limn.ops import array
from tests.fixtures.triton_client import forget_region

MODELS = ("mman", "mman_parse", "baseline", "baseline_parse")


@pytest.fixture
def client(triton: LocalTriton) -> Iterator[grpc.InferenceServerClient]:
    with grpc.InferenceServerClient(triton.grpc) as connected:
        yield connected


@pytest.fixture
def mman(triton_repository: Path) -> ModelContract:
    return read_contract(triton_repository / "mman/1")


def canvases(contract: ModelContract, batch: int) -> NDArray[np.uint8]:
    """The astronaut, and copies of her moved to the side: uint8[B, S_h, S_w, 3]."""
    photo = np.asarray(data.astronaut(), dtype=np.uint8)
    canvas = array.letterbox(photo, Letterbox.fit(photo.shape[:2], contract.canvas), contract.fill)
    return np.stack([np.roll(canvas, 7 * index, axis=1) for index in range(batch)])


def network_input(contract: ModelContract, scale: str, batch: int) -> NDArray[np.float32]:
    """The same at one scale, as the network takes them: float32[B, 3, h, w]."""
    size = contract.scales[scale]
    return array.preprocess(canvases(contract, batch), size, contract.mean, contract.std)


def tensor(name: str, values: NDArray[Any]) -> grpc.InferInput:
    request = grpc.InferInput(name, values.shape, np_to_triton_dtype(values.dtype))
    request.set_data_from_numpy(values)
    return request


def in_process(folder: Path, name: str, values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """What the graph that a CPU runs answers here."""
    read = read_parser_contract if folder.parent.name.endswith(PARSER_SUFFIX) else read_contract
    session = onnxruntime.InferenceSession(
        folder / read(folder).cpu_file, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {name: values}), strict=True))


def covers(whole: Any, part: Any) -> bool:
    """Whether all that `part` states stands in `whole`, which may say more."""
    if isinstance(part, dict):
        return all(key in whole and covers(whole[key], part[key]) for key in part)
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(covers, whole, part))
    return bool(whole == part)


def test_server_and_all_models_are_ready(client: grpc.InferenceServerClient) -> None:
    assert client.is_server_ready()
    assert all(client.is_model_ready(name) for name in MODELS)


def test_network_metadata_is_that_of_the_contract(
    client: grpc.InferenceServerClient, mman: ModelContract
) -> None:
    metadata = client.get_model_metadata("mman", as_json=True)

    assert metadata["versions"] == ["1"]
    assert metadata["inputs"] == [
        {"name": "pixels", "datatype": "FP32", "shape": ["-1", "3", "-1", "-1"]}
    ]
    assert metadata["outputs"] == [
        {"name": "logits", "datatype": "FP32", "shape": ["-1", "20", "-1", "-1"]}
    ]
    assert len(mman.labels.classes) == 20


def test_parser_metadata_is_that_of_the_contract(
    client: grpc.InferenceServerClient, triton_repository: Path
) -> None:
    metadata = client.get_model_metadata("baseline_parse", as_json=True)

    assert read_parser_contract(triton_repository / "baseline_parse/2").canvas == (384, 256)
    assert metadata["inputs"] == [
        {"name": "canvas", "datatype": "UINT8", "shape": ["-1", "384", "256", "3"]}
    ]
    assert metadata["outputs"] == [
        {"name": "labels", "datatype": "UINT8", "shape": ["-1", "384", "256"]},
        {"name": "color", "datatype": "UINT8", "shape": ["-1", "384", "256", "3"]},
        {"name": "scores", "datatype": "FP16", "shape": ["-1", "20", "192", "128"]},
    ]


@pytest.mark.parametrize("name", MODELS)
def test_server_took_the_configuration_as_it_was_written(
    name: str, client: grpc.InferenceServerClient, triton_repository: Path
) -> None:
    written = parse((triton_repository / name / "config.pbtxt").read_text())

    assert covers(MessageToDict(client.get_model_config(name).config), MessageToDict(written))


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("scale", ["0.8", "1", "1.2"])
def test_network_answers_as_onnx_runtime_in_this_process(
    scale: str,
    batch: int,
    client: grpc.InferenceServerClient,
    mman: ModelContract,
    triton_repository: Path,
) -> None:
    pixels = network_input(mman, scale, batch)

    answer = client.infer("mman", [tensor("pixels", pixels)]).as_numpy("logits")

    expected = in_process(triton_repository / "mman/1", "pixels", pixels)["logits"]
    assert answer.shape == expected.shape
    # Another thread count adds up in another order.
    np.testing.assert_allclose(answer, expected, rtol=1e-3, atol=1e-3)
    assert (answer.argmax(1) == expected.argmax(1)).mean() > 0.9999


def test_shipped_parser_answers_as_onnx_runtime_in_this_process(
    client: grpc.InferenceServerClient, mman: ModelContract, triton_repository: Path
) -> None:
    canvas = canvases(mman, 2)

    answer = client.infer("mman_parse", [tensor("canvas", canvas)])

    expected = in_process(triton_repository / "mman_parse/1", "canvas", canvas)
    for name in ("labels", "color"):
        assert (answer.as_numpy(name) == expected[name]).mean() > 0.9999
    np.testing.assert_allclose(answer.as_numpy("scores"), expected["scores"], atol=2e-3)


def test_parser_answers_only_what_is_asked_for(client: grpc.InferenceServerClient) -> None:
    canvas = np.random.default_rng(0).integers(0, 20, (3, 384, 256, 3), np.uint8)
    wanted = [grpc.InferRequestedOutput(name) for name in ("scores", "labels")]

    answer = client.infer("baseline_parse", [tensor("canvas", canvas)], outputs=wanted)

    np.testing.assert_array_equal(answer.as_numpy("labels"), canvas[..., 0])
    assert answer.as_numpy("scores").dtype == np.float16
    assert answer.as_numpy("scores").shape == (3, 20, 192, 128)
    assert answer.as_numpy("color") is None


def test_system_shared_memory_carries_canvas_and_labels(
    client: grpc.InferenceServerClient,
) -> None:
    canvas = np.random.default_rng(1).integers(0, 20, (2, 384, 256, 3), np.uint8)
    size, label_size = canvas.nbytes, canvas.nbytes // 3
    region = shared_memory.create_shared_memory_region("limn", "/limn_test", size + label_size)
    try:
        shared_memory.set_shared_memory_region(region, [canvas])
        client.register_system_shared_memory("limn", "/limn_test", size + label_size)
        request = grpc.InferInput("canvas", canvas.shape, "UINT8")
        request.set_shared_memory("limn", size)
        labels = grpc.InferRequestedOutput("labels")
        labels.set_shared_memory("limn", label_size, offset=size)

        client.infer("baseline_parse", [request], outputs=[labels])

        answer = shared_memory.get_contents_as_numpy(
            region, np.uint8, canvas.shape[:3], offset=size
        )
        np.testing.assert_array_equal(answer, canvas[..., 0])
    finally:
        forget_region(client, "limn")
        shared_memory.destroy_shared_memory_region(region)


def test_requests_that_wait_are_batched(
    client: grpc.InferenceServerClient, mman: ModelContract
) -> None:
    pixels = network_input(mman, "0.8", 1)
    before = client.get_inference_statistics("mman").model_stats[0]

    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(lambda _: client.infer("mman", [tensor("pixels", pixels)]), range(24))
        )

    after = client.get_inference_statistics("mman").model_stats[0]
    assert len({answer.as_numpy("logits").tobytes() for answer in answers}) == 1
    assert after.inference_count - before.inference_count == 24
    assert after.execution_count - before.execution_count < 24
    assert max(batch.batch_size for batch in after.batch_stats) > 1


def test_input_that_the_graph_refuses_takes_no_other_request_with_it(
    client: grpc.InferenceServerClient, mman: ModelContract
) -> None:
    tiny = np.zeros((1, 3, 1, 0), np.float32)

    with pytest.raises(InferenceServerException):
        client.infer("mman", [tensor("pixels", tiny)])
    pixels = network_input(mman, "0.8", 1)
    assert client.infer("mman", [tensor("pixels", pixels)]).as_numpy("logits").shape[1] == 20


def test_batch_above_the_largest_is_refused(client: grpc.InferenceServerClient) -> None:
    canvas = np.zeros((9, 384, 256, 3), np.uint8)

    with pytest.raises(InferenceServerException, match="<= 8"):
        client.infer("baseline_parse", [tensor("canvas", canvas)])


def test_promoted_version_is_served_once_it_is_loaded(
    client: grpc.InferenceServerClient, triton_repository: Path
) -> None:
    names = ("baseline", "baseline_parse")

    def served() -> list[str]:
        return [version for name in names for version in client.get_model_metadata(name).versions]

    assert served() == ["2", "2"]
    try:
        promote(triton_repository, "baseline", 1, instances=1)
        for name in names:
            client.load_model(name)
        assert served() == ["1", "1"]
    finally:
        roll_back(triton_repository, "baseline", instances=1)
        for name in names:
            client.load_model(name)
    assert served() == ["2", "2"]


def test_metrics_name_every_model(triton: LocalTriton) -> None:
    with urllib.request.urlopen(triton.metrics, timeout=5) as page:
        text = page.read().decode()

    assert all(f'nv_inference_request_success{{model="{name}"' in text for name in MODELS)


def test_http_says_the_same(triton: LocalTriton) -> None:
    with urllib.request.urlopen(f"http://{triton.http}/v2/models/mman", timeout=5) as answer:
        assert json.load(answer)["outputs"][0]["name"] == "logits"
