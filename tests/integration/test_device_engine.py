"""The engine for GPUs gives the answers of the one for CPUs, from the same graph.

It runs on torch's CPU everywhere, with classes chosen from scores in the host's memory and by the
kernel that is a GPU's; and on the GPU of a machine that has one, where the graph in half precision
is its own.
"""

import io
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from numpy.typing import NDArray
from skimage import data

from limn.contract import CONTRACT_FILE, read_contract
from limn.encode import rgb_png
from limn.errors import DeviceUnavailable
from limn.image import ImageLimits, decode
from limn.ops.choose_cuda import CudaChooser
from limn.ops.device import Device, Kind
from service.engines.device.engine import DeviceEngine
from service.engines.together import all_of
from service.parameters import ParseParameters
from service.pipeline import ParsingPipeline
from service.settings import Settings
from service.startup import start_pipeline
from tests.fixtures.cuda import cuda_core, needs_c_compiler
from tests.fixtures.pictures import png_indices

SHIPPED = Path(__file__).parents[2] / "model_repository"
SAME = 0.999

FEW = 100
"""Pixels that a region may gain or lose as a whole where the arithmetic differs."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`mman` without INT8, which is for CPUs alone: both engines run one graph."""
    root = tmp_path_factory.mktemp("repository")
    folder = root / "mman" / "1"
    shutil.copytree(SHIPPED / "mman" / "1", folder)
    whole = read_contract(folder).model_copy(update={"int8": None, "kernels": None})
    (folder / CONTRACT_FILE).write_text(whole.model_dump_json())
    return root


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as opened:
        yield opened


def kernel_as_c(folder: Path) -> Callable[[Device], CudaChooser]:
    """A GPU's kernel for a CPU."""

    def chooser(device: Device) -> CudaChooser:
        with cuda_core(folder):
            return CudaChooser(device)

    return chooser


@pytest.fixture(
    scope="module",
    params=["cpu", pytest.param("cpu-by-kernel", marks=needs_c_compiler), "cuda"],
)
def pipelines(
    portal: BlockingPortal,
    repository: Path,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ParsingPipeline, ParsingPipeline]]:
    """On the embedded engine, and on the device's."""
    kind: Kind = "cuda" if request.param == "cuda" else "cpu"
    if kind == "cuda" and not _has_gpu():
        pytest.skip("this machine has no GPU")
    settings = Settings(model_repository=repository, sessions=2)
    embedded = portal.call(start_pipeline, settings)
    on_device = portal.call(start_pipeline, settings)
    portal.call(on_device.engine.close)
    models = tuple(on_device.repository)
    start = partial(DeviceEngine.start, models, kind, 4, 0.002, lambda _: None)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "cpu-by-kernel":
            chooser = kernel_as_c(tmp_path_factory.mktemp("kernel"))
            patch.setattr("service.engines.device.engine.chooser_of", chooser)
        on_device.engine = portal.call(start)
    yield embedded, on_device
    for pipeline in (embedded, on_device):
        portal.call(pipeline.close)


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({}, id="default"),
        pytest.param({"flip": True, "scales": "0.7,1"}, id="flip-and-other-scales"),
        pytest.param({"boxes": "[[60, 0, 420, 512], [0, 100, 300, 500]]"}, id="two-people"),
        pytest.param({"label_set": "atr"}, id="another-label-set"),
        pytest.param({"boxes": "auto"}, id="found-people"),
    ],
)
def test_label_maps_are_those_of_the_embedded_engine(
    portal: BlockingPortal,
    pipelines: tuple[ParsingPipeline, ParsingPipeline],
    parameters: dict[str, object],
) -> None:
    expected, found = map(png_indices, answers(portal, pipelines, **parameters))

    assert found.shape == data.astronaut().shape[:2]
    assert len(np.unique(expected)) > 2
    assert np.mean(found == expected) >= SAME


@pytest.mark.parametrize("output", ["color", "overlay"])
@pytest.mark.parametrize("label_set", [None, "atr"])
def test_pictures_are_those_of_the_embedded_engine(
    portal: BlockingPortal,
    pipelines: tuple[ParsingPipeline, ParsingPipeline],
    output: str,
    label_set: str | None,
) -> None:
    expected, found = (
        decode(content, ImageLimits())
        for content in answers(portal, pipelines, output=output, label_set=label_set)
    )

    assert found.shape == expected.shape
    assert np.mean((found == expected).all(axis=2)) >= SAME


def test_numbers_are_those_of_the_embedded_engine(
    portal: BlockingPortal, pipelines: tuple[ParsingPipeline, ParsingPipeline]
) -> None:
    expected, found = map(json.loads, answers(portal, pipelines, output="json"))
    (person,), (ours,) = expected["persons"], found["persons"]
    own, other = (np.load(io.BytesIO(one)) for one in answers(portal, pipelines, output="npz"))

    assert ours["area"] == pytest.approx(person["area"], rel=0.01)
    mine, theirs = (
        {one["name"]: one["confidence"] for one in each["regions"] if one["area"] > FEW}
        for each in (ours, person)
    )
    assert mine == pytest.approx(theirs, abs=0.02)
    assert len(mine) > 2
    assert np.mean(own["labels"] == other["labels"]) >= SAME
    assert np.abs(own["scores"] - other["scores"]).mean() < 1e-3


def answers(
    portal: BlockingPortal, pipelines: Iterable[ParsingPipeline], **parameters: object
) -> list[bytes]:
    """Of every pipeline for the astronaut."""
    photo = rgb_png(data.astronaut())
    return [
        portal.call(
            pipeline.parse, photo, pipeline.plan(ParseParameters.model_validate(parameters))
        ).content
        for pipeline in pipelines
    ]


def test_many_requests_share_batches_and_get_their_own_answers(
    portal: BlockingPortal, pipelines: tuple[ParsingPipeline, ParsingPipeline]
) -> None:
    """More than a device has at a time, of other sizes and at other scales."""
    photo: NDArray[np.uint8] = data.astronaut()
    pictures = [rgb_png(np.ascontiguousarray(photo[:, index * 8 :])) for index in range(12)]
    scales = ["0.8,1,1.2" if index % 3 else "0.7" for index in range(len(pictures))]

    async def parsed(pipeline: ParsingPipeline) -> list[NDArray[np.uint8]]:
        plans = [pipeline.plan(ParseParameters.model_validate({"scales": each})) for each in scales]
        jobs = [
            partial(pipeline.parse, picture, plan)
            for picture, plan in zip(pictures, plans, strict=True)
        ]
        return [png_indices(answer.content) for answer in await all_of(jobs)]

    expected, found = (portal.call(parsed, pipeline) for pipeline in pipelines)

    assert len({mask.shape for mask in expected}) == len(pictures)
    for own, other in zip(expected, found, strict=True):
        assert np.mean(own == other) >= SAME


def test_machine_without_a_gpu_is_told_so(portal: BlockingPortal, repository: Path) -> None:
    if _has_gpu():
        pytest.skip("this machine has a GPU")

    settings = Settings(model_repository=repository, device="cuda")

    with pytest.raises(DeviceUnavailable, match="LIMN_DEVICE=cpu runs without one"):
        portal.call(start_pipeline, settings)


def _has_gpu() -> bool:
    try:
        Device("cuda")
    except DeviceUnavailable:
        return False
    return True
