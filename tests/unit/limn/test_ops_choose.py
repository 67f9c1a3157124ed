import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from limn.geometry import Letterbox, Region, Size
from limn.ops.choose import upsample_and_choose, upsample_and_choose_with_confidence
from tests.fixtures.scores import cases


def neighbours(pixels: int, cells: int, first_edge: float, last_edge: float) -> NDArray[np.float64]:
    """Position of every pixel on the grid, clamped to the cells whose centre is inside."""
    inside = [cell for cell in range(cells) if first_edge <= cell + 0.5 <= last_edge]
    if not inside:
        inside = [min(int((first_edge + last_edge) / 2), cells - 1)]
    step = (last_edge - first_edge) / pixels
    return np.clip(first_edge + (np.arange(pixels) + 0.5) * step - 0.5, inside[0], inside[-1])


def upsampled(scores: NDArray[np.float32], size: Size, region: Region) -> NDArray[np.float32]:
    """Every class at full size, float32[K, H, W]: down the columns first, then along the rows."""
    rows = neighbours(size[0], scores.shape[1], region.top, region.bottom)
    columns = neighbours(size[1], scores.shape[2], region.left, region.right)
    y, x = np.floor(rows).astype(int), np.floor(columns).astype(int)
    below, beside = np.ceil(rows).astype(int), np.ceil(columns).astype(int)
    down = (rows - y).astype(np.float32)[:, np.newaxis]
    right = (columns - x).astype(np.float32)
    tall = scores[:, y] * (1 - down) + scores[:, below] * down
    full: NDArray[np.float32] = tall[:, :, x] * (1 - right) + tall[:, :, beside] * right
    return full


@given(cases())
@settings(max_examples=400, deadline=None)
def test_borders_alone_give_what_all_classes_give(
    case: tuple[NDArray[np.float32], Size, Region],
) -> None:
    scores, size, region = case
    full = upsampled(scores, size, region)

    label_map = upsample_and_choose(scores, size, region)

    assert label_map.dtype == np.uint8
    assert np.array_equal(label_map, full.argmax(axis=0))


@given(st.integers(0, 10_000), st.sampled_from([2, 20]), st.floats(0.02, 3))
@settings(max_examples=60, deadline=None)
def test_smooth_scores_give_what_all_classes_give(seed: int, classes: int, zoom: float) -> None:
    rng = np.random.default_rng(seed)
    blocks = rng.normal(size=(classes, 6, 5)).repeat(4, axis=1).repeat(4, axis=2)
    scores = np.exp(blocks + rng.normal(size=blocks.shape) * 0.05)
    scores = (scores / scores.sum(axis=0)).astype(np.float32)
    size = max(1, round(200 * zoom)), max(1, round(120 * zoom))
    region = Letterbox.fit(size, (48, 40)).region((24, 20))
    full = upsampled(scores, size, region)

    label_map, confidence = upsample_and_choose_with_confidence(scores, size, region)

    assert np.array_equal(label_map, full.argmax(axis=0))
    assert np.array_equal(upsample_and_choose(scores, size, region), label_map)
    assert np.abs(confidence - full.max(axis=0) * 255).max() <= 0.501


def test_two_cells_meet_half_way() -> None:
    scores = np.array([[[1, 0]], [[0, 1]]], np.float32)

    label_map = upsample_and_choose(scores, (1, 8), Region(0, 0, 1, 2))

    assert label_map.tolist() == [[0, 0, 0, 0, 1, 1, 1, 1]]


def test_tie_goes_to_the_lower_index() -> None:
    scores = np.full((3, 2, 2), 0.25, np.float32)

    assert (upsample_and_choose(scores, (5, 7), Region(0, 0, 2, 2)) == 0).all()


def test_third_class_can_win_between_two_others() -> None:
    # Half way between the cells the scores are 0.45, 0.45 and 0.5.
    scores = np.array([[[0.9, 0]], [[0, 0.9]], [[0.5, 0.5]]], np.float32)

    label_map = upsample_and_choose(scores, (1, 9), Region(0, 0, 1, 2))

    assert label_map[0].tolist() == [0, 0, 0, 0, 2, 1, 1, 1, 1]


def test_padding_has_no_say() -> None:
    scores = np.zeros((2, 1, 4), np.float32)
    scores[0, 0], scores[1, 0] = [9, 0, 0, 9], [0, 1, 1, 0]

    assert (upsample_and_choose(scores, (3, 30), Region(0, 1, 1, 3)) == 1).all()


def test_confidence_is_the_winning_score_in_levels() -> None:
    scores = np.array([[[0.2]], [[0.8]]], np.float32)

    label_map, confidence = upsample_and_choose_with_confidence(scores, (2, 2), Region(0, 0, 1, 1))

    assert (label_map == 1).all()
    assert (confidence == 204).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [(0, 0, 0), (1, 3, 2), (2, 4, 3)])
def test_what_is_no_number_is_refused(bad: float, where: tuple[int, int, int]) -> None:
    scores = np.full((3, 5, 4), 0.25, np.float32)
    scores[where] = bad

    with pytest.raises(FloatingPointError):
        upsample_and_choose(scores, (9, 7), Region(0, 0, 5, 4))


def test_as_many_classes_as_a_byte_tells_apart() -> None:
    scores = np.zeros((255, 1, 1), np.float32)
    scores[254] = 1

    assert (upsample_and_choose(scores, (2, 3), Region(0, 0, 1, 1)) == 254).all()
    with pytest.raises(ValueError, match="256 classes"):
        upsample_and_choose(np.zeros((256, 1, 1), np.float32), (2, 3), Region(0, 0, 1, 1))


@pytest.mark.parametrize("region", [Region(0, 0, 9, 2), Region(-3, 0, -1, 2), Region(0, 1, 2, 7)])
def test_region_outside_of_the_grid_is_refused(region: Region) -> None:
    with pytest.raises(ValueError, match="not inside a grid of 2x2"):
        upsample_and_choose(np.zeros((3, 2, 2), np.float32), (50, 50), region)


def test_scores_may_lie_in_any_order() -> None:
    scores = np.random.default_rng(0).random((4, 6, 5), dtype=np.float32)
    region = Region(0, 0, 6, 5)

    turned = np.asfortranarray(scores)

    assert np.array_equal(
        upsample_and_choose(turned, (31, 23), region), upsample_and_choose(scores, (31, 23), region)
    )


@pytest.mark.skipif(sys.platform != "linux", reason="a process's peak is read from Linux's /proc")
def test_memory_does_not_grow_with_the_photo() -> None:
    scores = np.random.default_rng(0).random((20, 12, 8), dtype=np.float32)
    region = Region(0, 0, 12, 8)
    size = 8192, 6144

    before = peak_bytes(reset=True)
    label_map = upsample_and_choose(scores, size, region)
    grown = peak_bytes() - before

    # One full-size score map would be 200 MB.
    assert grown < label_map.nbytes * 1.1 + 10e6


def peak_bytes(reset: bool = False) -> int:
    """Most memory that this process has had; with `reset`, since now."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return 1024 * int(line)
