"""What is asked of scores is answered alike, whether they lie in the host's memory or a GPU's."""

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from limn.errors import DeviceUnavailable
from limn.geometry import Region
from limn.labels import LIP
from limn.ops.choose_cuda import CudaChooser
from limn.ops.device import Device
from service.engines.device import engine
from service.engines.device.scores import DeviceScores
from service.engines.scores import HostScores, Scores
from service.errors import InferenceFailed
from tests.fixtures.cuda import CudaCore, cuda_core, needs_c_compiler

Make = Callable[[NDArray[np.float32]], Scores]
WHOLE = Region(0, 0, 6, 5)


def on_host(folder: Path) -> Make:
    return HostScores


def on_device(folder: Path) -> Make:
    device = Device("cpu")
    with cuda_core(folder):
        chooser = CudaChooser(device)
    return lambda scores: DeviceScores(device, chooser, torch.from_numpy(scores))


@pytest.fixture(params=[on_host, pytest.param(on_device, marks=needs_c_compiler)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    made: Make = request.param(tmp_path)
    return made


def some_scores() -> NDArray[np.float32]:
    return np.random.default_rng(0).random((4, 6, 5), dtype=np.float32)


def test_scores_are_chosen_from_and_handed_out(make: Make) -> None:
    scores, size = some_scores(), (31, 20)

    asked = make(scores)

    label_map, sure = asked.choose_with_confidence(size, WHOLE)
    painted, colors = asked.paint(size, WHOLE, LIP.palette)
    assert asked.grid == (6, 5)
    assert np.array_equal(asked.array(), scores)
    assert np.array_equal(label_map, asked.choose(size, WHOLE))
    assert np.array_equal(painted, label_map)
    assert np.array_equal(colors, LIP.palette[label_map])
    assert np.array_equal(label_map, HostScores(scores).choose(size, WHOLE))
    assert len(np.unique(label_map)) == len(scores)
    assert np.ptp(sure) > 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_are_no_numbers_is_a_failure_of_the_network(make: Make, bad: float) -> None:
    scores = some_scores()
    scores[1, 2, 3] = bad
    asked = make(scores)

    for ask in (
        lambda: asked.choose((9, 9), WHOLE),
        lambda: asked.choose_with_confidence((9, 9), WHOLE),
        lambda: asked.paint((9, 9), WHOLE, LIP.palette),
        asked.array,
    ):
        with pytest.raises(InferenceFailed, match="no numbers"):
            ask()


@needs_c_compiler
def test_gpu_that_fails_is_a_failure_of_inference(tmp_path: Path) -> None:
    device = Device("cpu")
    core: CudaCore
    with cuda_core(tmp_path) as core:
        chooser = CudaChooser(device)
    core.broken = ValueError("CUDA_ERROR_ILLEGAL_ADDRESS")
    asked = DeviceScores(device, chooser, torch.from_numpy(some_scores()))

    with pytest.raises(InferenceFailed, match="CUDA_ERROR_ILLEGAL_ADDRESS"):
        asked.choose((9, 9), WHOLE)


def test_gpu_without_a_kernel_leaves_choosing_to_the_cpu(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(device: object) -> None:
        raise DeviceUnavailable("classes cannot be chosen on the GPU: no NVRTC")

    monkeypatch.setattr(engine, "CudaChooser", none)

    with caplog.at_level(logging.WARNING):
        found = engine.chooser_of(SimpleNamespace(kind="cuda"))  # type: ignore[arg-type]

    assert found is None
    assert "no NVRTC; the CPU chooses them" in caplog.text
