"""Choosing by a GPU's kernel is choosing by `limn.ops.choose`, bit for bit.

The kernel is compiled as C everywhere, and for the GPU of a machine that has one.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from limn.errors import DeviceUnavailable
from limn.geometry import Letterbox, Region, Size
from limn.labels import LIP
from limn.ops import choose
from limn.ops.choose_cuda import CudaChooser
from limn.ops.device import Device, Kind
from limn.ops.paint import colorize
from tests.fixtures.cuda import CudaCore, cuda_core, needs_c_compiler
from tests.fixtures.scores import cases

Chosen = tuple[NDArray[np.uint8], NDArray[np.uint8]]


class Chooser:
    """A `CudaChooser` for scores of the host; paints what it chooses, too."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._chooser = CudaChooser(device)

    def both(self, scores: NDArray[np.float32], size: Size, region: Region) -> Chosen:
        with self._device.working():
            uploaded = self._device.upload(scores)
            self._device.mark()()
        found = self._chooser.upsample_and_choose_with_confidence(uploaded, size, region)
        alone = self._chooser.upsample_and_choose(uploaded, size, region)
        painted = self._chooser.upsample_and_paint(uploaded, size, region, LIP.palette)
        assert np.array_equal(alone, found[0])
        assert np.array_equal(painted[0], found[0])
        assert np.array_equal(painted[1], colorize(found[0], LIP.palette))
        return found


@pytest.fixture(scope="module", params=get_args(Kind))
def chooser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chooser]:
    if request.param == "cuda":
        try:
            device = Device("cuda")
        except DeviceUnavailable as exc:
            pytest.skip(str(exc))
        yield Chooser(device)
        return
    with cuda_core(tmp_path_factory.mktemp("kernel")):
        made = Chooser(Device("cpu"))
    yield made


pytestmark = needs_c_compiler


@given(cases())
@settings(max_examples=300, deadline=None)
def test_same_classes_as_on_the_host(
    chooser: Chooser, case: tuple[NDArray[np.float32], Size, Region]
) -> None:
    labels, sure = chooser.both(*case)

    expected, confidence = choose.upsample_and_choose_with_confidence(*case)
    assert labels.dtype == sure.dtype == np.uint8
    assert np.array_equal(labels, expected)
    assert np.array_equal(sure, confidence)


@given(st.integers(0, 10_000), st.floats(0.02, 3))
@settings(max_examples=40, deadline=None)
def test_same_classes_of_a_photo(chooser: Chooser, seed: int, zoom: float) -> None:
    rng = np.random.default_rng(seed)
    blocks = rng.normal(size=(20, 6, 5)).repeat(4, axis=1).repeat(4, axis=2)
    scores = np.exp(blocks + rng.normal(size=blocks.shape) * 0.05)
    scores = (scores / scores.sum(axis=0)).astype(np.float32)
    size = max(1, round(200 * zoom)), max(1, round(120 * zoom))
    region = Letterbox.fit(size, (48, 40)).region((24, 20))

    found = chooser.both(scores, size, region)

    expected = choose.upsample_and_choose_with_confidence(scores, size, region)
    assert np.array_equal(found, expected)
    assert len(np.unique(expected[0])) > 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [(0, 0, 0), (1, 3, 2), (2, 4, 3)])
def test_what_is_no_number_is_refused(
    chooser: Chooser, bad: float, where: tuple[int, int, int]
) -> None:
    scores = np.full((3, 5, 4), 0.25, np.float32)
    scores[where] = bad

    with pytest.raises(FloatingPointError):
        chooser.both(scores, (9, 7), Region(0, 1, 5, 3))


def test_as_many_classes_as_a_byte_tells_apart(chooser: Chooser) -> None:
    scores = np.zeros((255, 1, 1), np.float32)
    scores[254] = 1

    assert (chooser.both(scores, (2, 3), Region(0, 0, 1, 1))[0] == 254).all()
    with pytest.raises(ValueError, match="256 classes"):
        chooser.both(np.zeros((256, 1, 1), np.float32), (2, 3), Region(0, 0, 1, 1))


def test_region_outside_of_the_grid_is_refused(chooser: Chooser) -> None:
    with pytest.raises(ValueError, match="not inside a grid of 2x2"):
        chooser.both(np.zeros((3, 2, 2), np.float32), (50, 50), Region(0, 1, 2, 7))


def test_threads_get_their_own_answers(chooser: Chooser) -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((12, 5, 9, 7), dtype=np.float32)
    whole = Region(0, 0, 9, 7)
    sizes = [(31 + index, 23) for index in range(len(scores))]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(chooser.both, scores, sizes, [whole] * len(scores)))

    for one, size, (labels, sure) in zip(scores, sizes, found, strict=True):
        expected = choose.upsample_and_choose_with_confidence(one, size, whole)
        assert np.array_equal((labels, sure), expected)


@pytest.fixture
def cuda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CudaCore]:
    with cuda_core(tmp_path_factory.mktemp("kernel")) as module:
        yield module


def test_a_launch_that_fails_is_a_runtime_error(cuda: CudaCore) -> None:
    chooser = Chooser(Device("cpu"))
    cuda.broken = ValueError("CUDA_ERROR_ILLEGAL_ADDRESS")

    with pytest.raises(RuntimeError, match=r"not chosen: ValueError: CUDA_ERROR_ILLEGAL_ADDRESS"):
        chooser.both(np.zeros((3, 2, 2), np.float32), (5, 5), Region(0, 0, 2, 2))


def test_a_kernel_that_chooses_other_classes_is_not_used(
    cuda: CudaCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def idle(*arguments: object) -> None:
        """A kernel that writes nothing."""

    monkeypatch.setattr(cuda, "launch", idle)

    with pytest.raises(DeviceUnavailable, match="not those that the CPU chooses"):
        CudaChooser(Device("cpu"))


def test_a_kernel_that_rounds_otherwise_is_not_used(
    cuda: CudaCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check at the start sees a compiler that contracts nonetheless, or any other fault."""
    source = cuda.Program

    def other(code: str, kind: str, options: object) -> object:
        assert "score > best" in code
        return source(code.replace("score > best", "score >= best - 1e-3f"), kind, options)  # type: ignore[arg-type]

    monkeypatch.setattr(cuda, "Program", other)

    with pytest.raises(DeviceUnavailable, match="not those that the CPU chooses"):
        CudaChooser(Device("cpu"))


def test_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.core", None)

    with pytest.raises(DeviceUnavailable, match=r"chosen on the GPU: .*cuda\.core"):
        CudaChooser(Device("cpu"))


@pytest.mark.parametrize("architecture", ["sm_75", "sm_90", "sm_120"])
def test_nvrtc_compiles_the_kernel(architecture: str) -> None:
    """For GPUs from Turing on; needs no GPU, but what limn[gpu] installs."""
    cuda = pytest.importorskip("cuda.core")
    source = Path(choose.__file__).with_name("choose.cu").read_text()
    options = cuda.ProgramOptions(name="choose.cu", arch=architecture, fma=False)

    compiled = cuda.Program(source, "c++", options).compile("cubin")

    assert b"limn_choose" in compiled.code
