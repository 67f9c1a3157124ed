"""The Open Inference Protocol over a model that ships, on the astronaut."""

import io
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from export.accuracy import open_session
from limn.encode import rgb_png
from limn.geometry import Letterbox, Region
from limn.ops.array import letterbox, preprocess
from limn.ops.choose import upsample_and_choose
from service.engines import protocol
from service.engines.embedded import EmbeddedEngine
from service.engines.network import Network
from service.repository import ModelRepository, ServedModel
from service.workers import Workers
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.triton_client import Transport, connected

REPOSITORY = Path(__file__).resolve().parents[2] / "model_repository"


@pytest.fixture(scope="module")
def running() -> Iterator[Gateway]:
    with gateway(REPOSITORY) as started:
        yield started


@pytest.fixture(scope="module")
def served() -> ServedModel:
    return ModelRepository(REPOSITORY, None).find("mman")


@pytest.fixture(scope="module")
def canvas(served: ServedModel) -> NDArray[np.uint8]:
    box = Letterbox.fit((512, 512), served.contract.canvas)
    return letterbox(np.asarray(data.astronaut(), np.uint8), box, served.contract.fill)[np.newaxis]


def test_photo_gets_the_label_map_of_the_parse_route(
    transport: Transport, running: Gateway
) -> None:
    photo = rgb_png(np.asarray(data.astronaut(), dtype=np.uint8))
    url = f"http://{running.http}/v1/parse"
    mask = httpx2.post(url, params={"model": "mman"}, content=photo, timeout=60).content

    with connected(transport, running) as client:
        answer = client.infer("mman_photo", {"photo": np.array([photo], dtype=object)}, "labels")

    with Image.open(io.BytesIO(mask)) as picture:
        assert np.array_equal(answer.as_numpy("labels"), np.asarray(picture))


def test_parser_upsamples_the_engine_s_scores_and_chooses(
    transport: Transport, running: Gateway, served: ServedModel, canvas: NDArray[np.uint8]
) -> None:
    async def score() -> NDArray[np.float32]:
        engine = EmbeddedEngine({served.id: Network.load(served)}, Workers(2))
        tta = protocol.TestTimeSettings((0.8, 1.0, 1.2), flip=False)
        (scores,) = await engine.scores(served.id, canvas, tta)
        return scores.array()

    scores = anyio.run(score)
    whole = Region(0, 0, *scores.shape[1:])
    expected = upsample_and_choose(scores, served.contract.canvas, whole)

    with connected(transport, running) as client:
        answer = client.infer("mman_parse", {"canvas": canvas})

    assert np.array_equal(answer.as_numpy("labels")[0], expected)
    assert np.array_equal(answer.as_numpy("scores")[0], scores.astype(np.float16))
    assert len(np.unique(expected)) > 3


def test_network_s_logits_are_those_of_onnx_runtime(
    transport: Transport, running: Gateway, served: ServedModel, canvas: NDArray[np.uint8]
) -> None:
    contract = served.contract
    pixels = preprocess(canvas, contract.scales["1.2"], contract.mean, contract.std)
    file, library = served.cpu_graph
    session = open_session(file.read_bytes(), library)
    (expected,) = session.run(["logits"], {"pixels": pixels})

    with connected(transport, running) as client:
        logits = client.infer("mman", {"pixels": pixels}).as_numpy("logits")

    assert logits.dtype == np.float32
    assert logits == pytest.approx(expected, abs=1e-3)
