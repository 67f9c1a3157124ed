"""NVIDIA's own client, over HTTP and gRPC, against the app on real ports."""

import asyncio
import io
import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import onnxruntime
import pytest
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http.aio
from numpy.typing import NDArray
from PIL import Image
from tritonclient.utils import InferenceServerException

import limn
from limn.geometry import Region
from limn.labels import LIP
from limn.ops.array import preprocess
from limn.ops.choose import upsample_and_choose
from limn.ops.paint import colorize
from tests.fixtures import models, pictures
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.models import write_model
from tests.fixtures.triton_client import Client, Transport, connected

WHOLE = Region(0, 0, 192, 128)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Two versions of `baseline`."""
    root = tmp_path_factory.mktemp("repository")
    write_model(root)
    write_model(root, version=2)
    with gateway(root, max_upload_bytes=5_000_000, max_batch_images=3) as started:
        yield started


@pytest.fixture
def client(transport: Transport, running: Gateway) -> Iterator[Client]:
    with connected(transport, running) as started:
        yield started


def photo() -> dict[str, NDArray[Any]]:
    return {"photo": np.array([pictures.jpeg()], dtype=object)}


def canvases(count: int) -> NDArray[np.uint8]:
    """uint8[count, 384, 256, 3]."""
    rolled = [np.roll(pictures.photo(), 20 * index, axis=1) for index in range(count)]
    resized = [Image.fromarray(picture).resize((256, 384)) for picture in rolled]
    return np.stack([np.asarray(picture) for picture in resized])


def mask(running: Gateway, **query: str) -> NDArray[np.uint8]:
    """The label map that `/v1/parse` answers."""
    url = f"http://{running.http}/v1/parse"
    answer = httpx2.post(url, params=query, content=pictures.jpeg()).raise_for_status()
    with Image.open(io.BytesIO(answer.content)) as picture:
        return np.asarray(picture)


def test_server_and_models_are_ready(client: Client) -> None:
    assert client.api.is_server_live()
    assert client.api.is_server_ready()
    for name in ("baseline", "baseline_parse", "baseline_photo"):
        assert client.api.is_model_ready(name)
        assert client.api.is_model_ready(name, "1")
    assert not client.api.is_model_ready("nobody")
    assert not client.api.is_model_ready("baseline", "3")


def test_metadata_and_configuration_say_what_is_served(running: Gateway) -> None:
    with connected("http", running) as http:
        over_http = [
            http.api.get_server_metadata(),
            http.api.get_model_metadata("baseline_parse"),
            http.api.get_model_config("baseline_parse", "1"),
        ]
    with connected("grpc", running) as grpc:
        server = grpc.api.get_server_metadata()
        metadata = grpc.api.get_model_metadata("baseline_parse")
        config = grpc.api.get_model_config("baseline_parse", "1").config

    assert over_http[0]["version"] == server.version == limn.__version__
    assert set(server.extensions) == set(over_http[0]["extensions"])
    assert list(metadata.versions) == over_http[1]["versions"] == ["1", "2"]
    outputs = {output["name"]: output for output in over_http[1]["outputs"]}
    assert outputs["scores"] == {"name": "scores", "datatype": "FP16", "shape": [-1, 20, 192, 128]}
    assert [list(output.shape) for output in metadata.outputs] == [
        output["shape"] for output in over_http[1]["outputs"]
    ]
    assert config.max_batch_size == over_http[2]["max_batch_size"] == 3
    assert list(config.input[0].dims) == over_http[2]["input"][0]["dims"] == [384, 256, 3]


def test_photo_gets_the_label_map_of_the_parse_route(client: Client, running: Gateway) -> None:
    answer = client.infer("baseline_photo", photo(), request_id="7")

    labels = answer.as_numpy("labels")
    assert np.array_equal(labels, mask(running))
    assert np.array_equal(answer.as_numpy("color"), colorize(labels, LIP.palette))


@pytest.mark.parametrize(
    "parameters",
    [
        {"scales": "0.5,1", "flip": True},
        {"scales": 0.5, "label_set": "ppss"},
        {"boxes": "[[0, 0, 90, 256], [60, 10, 192, 200]]"},
    ],
)
def test_photo_takes_the_parameters_of_the_parse_route(
    client: Client, running: Gateway, parameters: dict[str, Any]
) -> None:
    query = {name: str(value).lower() for name, value in parameters.items()}

    # tritonclient sends no floating-point parameters over gRPC.
    sent = {name: str(value) for name, value in parameters.items()}
    answer = client.infer("baseline_photo", photo(), "labels", parameters=sent)

    assert np.array_equal(answer.as_numpy("labels"), mask(running, **query))
    assert answer.as_numpy("color") is None


def test_parser_upsamples_the_engine_s_scores_and_chooses(client: Client, running: Gateway) -> None:
    answer = client.infer("baseline_parse", {"canvas": canvases(2)}, model_version="1")

    labels, scores = answer.as_numpy("labels"), answer.as_numpy("scores")
    engine = running.app.state.serving.current.pipeline.engine
    served = running.app.state.serving.current.pipeline.repository.find("baseline", 1)
    tta = running.app.state.serving.current.inference.catalogue.find("baseline_parse", "1")._tta
    scored = asyncio.run(engine.scores(served.id, canvases(2), tta))
    expected = np.stack([one.array() for one in scored])
    assert tta.scales == (0.8, 1.0, 1.2)
    assert np.array_equal(scores, expected.astype(np.float16))
    for index in range(2):
        chosen = upsample_and_choose(expected[index], (384, 256), WHOLE)
        assert np.array_equal(labels[index], chosen)
        assert np.array_equal(answer.as_numpy("color")[index], colorize(chosen, LIP.palette))


def test_parser_answers_only_what_is_asked_for(client: Client) -> None:
    answer = client.infer("baseline_parse", {"canvas": canvases(1)}, "color")

    assert [output.name for output in _outputs(answer)] == ["color"]


def test_network_s_logits_are_those_of_onnx_runtime(client: Client, tmp_path: Path) -> None:
    pixels = preprocess(canvases(3), (464, 192), models.MEAN, models.STD)
    file = write_model(tmp_path) / "model.onnx"

    answer = client.infer("baseline", {"pixels": pixels})

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (expected,) = session.run(["logits"], {"pixels": pixels})
    assert answer.as_numpy("logits") == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
def test_compressed_request_is_read(running: Gateway, compression: str) -> None:
    with connected("http", running) as client:
        answer = client.infer(
            "baseline_photo", photo(), "labels", request_compression_algorithm=compression
        )

    assert np.array_equal(answer.as_numpy("labels"), mask(running))


def test_plain_json_is_read_and_answered(running: Gateway) -> None:
    canvas = canvases(1)
    inputs = [
        {
            "name": "canvas",
            "shape": list(canvas.shape),
            "datatype": "UINT8",
            "data": canvas.tolist(),
        }
    ]

    answer = httpx2.post(
        f"http://{running.http}/v2/models/baseline_parse/infer",
        content=json.dumps({"inputs": inputs, "outputs": [{"name": "labels"}], "id": "7"}),
        timeout=60,
    ).json()

    assert (answer["model_name"], answer["model_version"], answer["id"]) == (
        "baseline_parse",
        "2",
        "7",
    )
    (labels,) = answer["outputs"]
    assert (labels["datatype"], labels["shape"]) == ("UINT8", [1, 384, 256])
    assert set(labels["data"]) <= set(range(20))


def test_asynchronous_clients_are_answered(running: Gateway) -> None:
    async def ask(library: Any, address: str) -> NDArray[np.uint8]:
        tensor = library.InferInput("photo", [1], "BYTES")
        tensor.set_data_from_numpy(photo()["photo"])
        async with library.InferenceServerClient(address) as api:
            answers = [await api.infer("baseline_photo", [tensor]) for _ in range(2)]
        labels: NDArray[np.uint8] = answers[1].as_numpy("labels")
        return labels

    expected = mask(running)
    assert np.array_equal(asyncio.run(ask(tritonclient.http.aio, running.http)), expected)
    assert np.array_equal(asyncio.run(ask(tritonclient.grpc.aio, running.grpc)), expected)


def test_stream_answers_in_order_and_outlives_an_error(running: Gateway) -> None:
    answers: queue.SimpleQueue[tuple[Any, Any]] = queue.SimpleQueue()
    with connected("grpc", running) as client:
        client.api.start_stream(lambda result, error: answers.put((result, error)))
        for request_id, name in (("a", "photo"), ("b", "picture"), ("c", "photo")):
            tensor = client.input(name, photo()["photo"])
            client.api.async_stream_infer("baseline_photo", [tensor], request_id=request_id)
        first, second, third = (answers.get(timeout=30) for _ in range(3))
        client.api.stop_stream()

    assert (first[0].get_response().id, third[0].get_response().id) == ("a", "c")
    assert np.array_equal(third[0].as_numpy("labels"), mask(running))
    assert second[1].message() == "inputs: baseline_photo takes photo; got 'picture'"


def test_statistics_count_requests(client: Client) -> None:
    def stats() -> Any:
        if client.library is tritonclient.grpc:
            found = client.api.get_inference_statistics("baseline", "1", as_json=True)
        else:
            found = client.api.get_inference_statistics("baseline", "1")
        entry = found["model_stats"][0]
        times = entry["inference_stats"]
        return [
            int(entry.get("inference_count", 0)),
            *(int(times[name].get("count", 0)) for name in ("success", "fail", "compute_infer")),
        ]

    before = np.array(stats())
    pixels = np.zeros((3, 3, 384, 256), np.float32)
    client.infer("baseline", {"pixels": pixels}, model_version="1")
    with pytest.raises(InferenceServerException):
        client.infer("baseline", {"pixels": pixels[:, :, 1:]}, model_version="1")

    assert (stats() - before).tolist() == [3, 1, 1, 1]


def test_index_lists_every_version(running: Gateway) -> None:
    with connected("grpc", running) as grpc:
        models = grpc.api.get_model_repository_index().models
        listed = [(entry.name, entry.version) for entry in models]
    with connected("http", running) as http:
        entries = http.api.get_model_repository_index()

    assert len(listed) == 6
    assert set(listed) >= {("baseline_photo", "1"), ("baseline_photo", "2")}
    assert [(entry["name"], entry["version"]) for entry in entries] == listed
    assert {entry["state"] for entry in entries} == {"READY"}


def test_requests_are_counted_in_the_metrics(client: Client, running: Gateway) -> None:
    client.infer("baseline_photo", photo())
    with pytest.raises(InferenceServerException):
        client.infer("nobody", photo())

    text = httpx2.get(f"http://{running.http}/metrics").text

    assert 'limn_grpc_requests_total{code="OK",method="ModelInfer"}' in text or (
        client.library is tritonclient.http
        and 'limn_requests_total{route="/v2/models/{name}/infer",status="200"}' in text
    )
    assert "nobody" not in text
    assert "limn_requests_in_flight 0.0" in text


def _outputs(answer: Any) -> list[Any]:
    response = answer.get_response()
    if isinstance(response, dict):
        return [type("Output", (), output) for output in response["outputs"]]
    return list(response.outputs)
