"""What every engine must do; parametrised over those there are."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from numpy.typing import NDArray

from limn.errors import ContractError
from limn.labels import LIP
from limn.ops.array import fuse, preprocess, probabilities
from service.engines import protocol
from service.engines.device.engine import DeviceEngine
from service.engines.embedded import EmbeddedEngine
from service.engines.network import Network
from service.errors import EngineUnavailable, InferenceFailed
from service.repository import ModelId, ModelRepository
from service.workers import Workers
from tests.fixtures import models, pictures

BASELINE = ModelId("baseline", 1)


@asynccontextmanager
async def embedded(repository: Path) -> AsyncIterator[protocol.Engine]:
    networks = {model.id: Network.load(model) for model in ModelRepository(repository, None)}
    engine = EmbeddedEngine(networks, Workers(2))
    try:
        yield engine
    finally:
        await engine.close()


@asynccontextmanager
async def on_device(repository: Path) -> AsyncIterator[protocol.Engine]:
    """The engine for GPUs, on the device that every machine has."""
    models_there = tuple(ModelRepository(repository, None))
    engine = await DeviceEngine.start(models_there, "cpu", 4, 0.002, lambda _: None)
    try:
        yield engine
    finally:
        await engine.close()


@pytest.fixture(
    params=[pytest.param(embedded, id="embedded"), pytest.param(on_device, id="device")]
)
def start(request: pytest.FixtureRequest) -> Callable[[Path], Any]:
    starter: Callable[[Path], Any] = request.param
    return starter


def canvases(count: int = 1) -> NDArray[np.uint8]:
    """uint8[count, 384, 256, 3]: shifted views of the astronaut."""
    photo = np.pad(pictures.photo(), ((64, 64), (32, 32), (0, 0)), mode="reflect")
    return np.stack([np.roll(photo, 20 * index, axis=1) for index in range(count)])


def answer(
    start: Callable[[Path], Any],
    repository: Path,
    count: int = 1,
    scales: tuple[float, ...] = (1,),
    flip: bool = False,
) -> NDArray[np.float32]:
    tta = protocol.TestTimeSettings(scales, flip)

    async def run() -> NDArray[np.float32]:
        async with start(repository) as engine:
            scores = await engine.scores(BASELINE, canvases(count), tta)
            return np.stack([one.array() for one in scores])

    return anyio.run(run)


def colour_scores(canvas: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """What the fixture's network answers: a linear map of every second pixel."""
    initializers = models.graph().graph.initializer
    weights = np.frombuffer(initializers[0].raw_data, np.float32).reshape(20, 3, 3, 3)[:, :, 1, 1]
    bias = np.frombuffer(initializers[1].raw_data, np.float32)
    pixels = preprocess(canvas[np.newaxis], size, models.MEAN, models.STD)[:, :, ::2, ::2]
    logits = np.einsum("kc,bchw->bkhw", weights, pixels) + bias[:, np.newaxis, np.newaxis]
    return probabilities(logits.astype(np.float32))


def test_scores_are_probabilities_on_the_grid_of_scale_one(
    start: Callable[[Path], Any], tmp_path: Path
) -> None:
    models.write_model(tmp_path)

    scores = answer(start, tmp_path, scales=(0.8, 1.2))

    assert scores.shape == (1, 20, 192, 128)
    assert scores.dtype == np.float32
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_scores_are_the_mean_over_scales(start: Callable[[Path], Any], tmp_path: Path) -> None:
    models.write_model(tmp_path)
    canvas = canvases()[0]
    expected = fuse(
        [colour_scores(canvas, size) for size in models.SCALES.values()],
        (192, 128),
    )

    assert answer(start, tmp_path, scales=(0.8, 1, 1.2)) == pytest.approx(expected, abs=1e-4)


def test_other_scales_than_the_contract_s_are_answered(
    start: Callable[[Path], Any], tmp_path: Path
) -> None:
    models.write_model(tmp_path)
    expected = fuse([colour_scores(canvases()[0], (192, 128))], (192, 128))

    assert answer(start, tmp_path, scales=(0.5,)) == pytest.approx(expected, abs=1e-4)


def test_flip_averages_with_the_mirrored_canvas(
    start: Callable[[Path], Any], tmp_path: Path
) -> None:
    models.write_model(tmp_path)
    canvas = canvases()[0]
    straight = colour_scores(canvas, models.CANVAS)
    mirrored = colour_scores(canvas[:, ::-1], models.CANVAS)[:, LIP.mirror, :, ::-1]

    scores = answer(start, tmp_path, flip=True)

    assert scores == pytest.approx((straight + mirrored) / 2, abs=1e-4)


def test_each_canvas_is_scored_alone(start: Callable[[Path], Any], tmp_path: Path) -> None:
    models.write_model(tmp_path)

    together = answer(start, tmp_path, count=3, flip=True)

    assert together.shape[0] == 3
    assert np.array_equal(together[:1], answer(start, tmp_path, count=1, flip=True))


def test_logits_are_what_the_network_answers(start: Callable[[Path], Any], tmp_path: Path) -> None:
    models.write_model(tmp_path)
    # Twice the device engine's batch: what the second one writes must leave the first alone.
    pixels = preprocess(canvases(8), (304, 208), models.MEAN, models.STD)
    expected = np.concatenate([colour_scores(canvas, (304, 208)) for canvas in canvases(8)])

    async def run() -> NDArray[np.float32]:
        async with start(tmp_path) as engine:
            logits: NDArray[np.float32] = await engine.logits(BASELINE, pixels)
            return logits

    logits = anyio.run(run)

    assert logits.shape == (8, 20, 152, 104)
    assert logits.dtype == np.float32
    assert probabilities(logits) == pytest.approx(expected, abs=1e-4)


def test_requests_at_once_get_their_own_answers(
    start: Callable[[Path], Any], tmp_path: Path
) -> None:
    models.write_model(tmp_path)
    tta = protocol.TestTimeSettings((0.8, 1.0), flip=False)
    answers: dict[int, NDArray[np.float32]] = {}

    async def scored(engine: Any, mine: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        return [each.array() for each in await engine.scores(BASELINE, mine, tta)]

    async def run() -> list[NDArray[np.float32]]:
        async with start(tmp_path) as engine:

            async def ask(index: int) -> None:
                mine = canvases(8)[index : index + 1]
                (answers[index],) = await scored(engine, mine)

            async with anyio.create_task_group() as group:
                for index in range(8):
                    group.start_soon(ask, index)
            return [(await scored(engine, canvases(8)[index : index + 1]))[0] for index in range(8)]

    alone = anyio.run(run)

    assert all(np.array_equal(answers[index], alone[index]) for index in range(8))


def test_closed_engine_is_unavailable(start: Callable[[Path], Any], tmp_path: Path) -> None:
    models.write_model(tmp_path)
    tta = protocol.TestTimeSettings((1.0,), flip=False)

    async def run() -> None:
        async with start(tmp_path) as engine:
            assert await engine.ready()
            await engine.close()
            assert not await engine.ready()
            with pytest.raises(EngineUnavailable):
                await engine.scores(BASELINE, canvases(), tta)
            with pytest.raises(EngineUnavailable):
                await engine.logits(BASELINE, np.zeros((1, 3, 384, 256), np.float32))

    anyio.run(run)


def test_failure_of_the_network_is_an_engine_error(
    start: Callable[[Path], Any], tmp_path: Path
) -> None:
    fixed = models.graph(height=384, width=256)
    models.write_model(tmp_path, proto=fixed, scales={"1": models.CANVAS})

    with pytest.raises(InferenceFailed, match="pixels"):
        answer(start, tmp_path, scales=(0.5, 1.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"proto": models.graph(pixels="input")},
            r"states input 'pixels' alone, the graph has 'input'",
            id="input-name",
        ),
        pytest.param(
            {"proto": models.graph(logits="out")},
            r"states output 'logits', the graph has 'out'",
            id="output-name",
        ),
        pytest.param(
            {"proto": models.graph(classes=7)}, r"states 20 classes in 'logits'", id="classes"
        ),
        pytest.param(
            {"proto": models.graph(channels=4)},
            r"states 3 colour channels in 'pixels'",
            id="channels",
        ),
        pytest.param(
            {"stride": 4},
            r"states logits \(1, 20, 76, 52\), the graph answers \(1, 20, 152",
            id="stride",
        ),
    ],
)
def test_model_that_is_not_what_it_says_is_refused(
    start: Callable[[Path], Any], tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    models.write_model(tmp_path, **changes)

    with pytest.raises(ContractError, match=message):
        answer(start, tmp_path)


def test_file_that_is_no_graph_is_refused(start: Callable[[Path], Any], tmp_path: Path) -> None:
    digest = hashlib.sha256(b"no graph").hexdigest()
    (models.write_model(tmp_path, sha256=digest) / "model.onnx").write_bytes(b"no graph")

    with pytest.raises(ContractError, match="cannot be loaded"):
        answer(start, tmp_path)
