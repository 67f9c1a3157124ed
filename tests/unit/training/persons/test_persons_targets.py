"""What the person finder is to say of a canvas, and how its answer becomes boxes."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.persons.batches import on_canvas
from training.persons.compose import Composed
from training.persons.finder import MOST, PersonFinder
from training.persons.network import Found, PersonNetwork
from training.persons.targets import loss_of, targets_of

BOX = np.array([[16, 24, 48, 104]], np.float32)
"""On a canvas of 128 pixels, 16 cells: its middle, (32, 64), is the corner of cell (4, 8)."""


def perfect(boxes: NDArray[np.float32]) -> Found:
    targets = targets_of([boxes], 128)
    heat = torch.where(targets.heat > 0.999, 12.0, -12.0)
    return Found(heat, targets.edges.clone())


class _Known(PersonNetwork):
    """A network that answers what it is told to."""

    def __init__(self, found: Found) -> None:
        torch.nn.Module.__init__(self)
        self.found = found

    def forward(self, pixels: Tensor) -> Found:
        return self.found


def test_middle_of_a_box_is_the_top_of_the_hill() -> None:
    targets = targets_of([BOX], 128)

    assert targets.heat.shape == (1, 1, 16, 16)
    assert targets.heat[0, 0, 8, 4] == 1
    assert (targets.heat == 1).sum() == 1
    assert targets.peaks == 1


def test_edges_are_pixels_from_the_middle_of_the_cell() -> None:
    targets = targets_of([BOX], 128)

    # The middle of cell (4, 8) is at (36, 68).
    assert targets.edges[0, :, 8, 4].tolist() == [20, 44, 12, 36]
    assert targets.weight.sum() == pytest.approx(1)


def test_nobody_has_no_hill_and_no_edges_to_learn() -> None:
    targets = targets_of([np.empty((0, 4), np.float32)], 128)

    assert targets.heat.max() == 0
    assert targets.weight.max() == 0


def test_smaller_of_two_persons_has_the_cell_of_both() -> None:
    both = np.array([[30, 50, 42, 86], [16, 24, 56, 112]], np.float32)

    targets = targets_of([both], 128)

    # The middle of both is in cell (4, 8), whose own middle is at (36, 68).
    assert targets.edges[0, :, 8, 4].tolist() == [6, 18, 6, 18]


def test_right_answer_costs_nothing_and_a_wrong_one_does() -> None:
    targets = targets_of([BOX], 128)
    right = perfect(BOX)
    wrong = Found(-right.heat, 2 * right.edges)

    assert [float(part) for part in loss_of(right, targets)] == pytest.approx([0, 0], abs=1e-3)
    assert all(float(part) > 1 for part in loss_of(wrong, targets))


def test_finder_reads_boxes_back_from_what_the_network_should_say() -> None:
    boxes = np.array([[16, 24, 48, 104], [70, 30, 110, 126]], np.float32)

    found, scores = PersonFinder(_Known(perfect(boxes)))(torch.zeros(1, 3, 128, 128))

    assert found.shape == (1, MOST, 4)
    assert scores[0, :2] == pytest.approx(1, abs=1e-4)
    assert float(scores[0, 2]) < 1e-4
    assert np.sort(found[0, :2], axis=0) == pytest.approx(boxes)


def test_neighbours_of_a_middle_are_no_middles() -> None:
    heat = torch.full((1, 1, 16, 16), -9.0)
    heat[0, 0, 5, 5:8] = torch.tensor([1.0, 2.0, 1.5])

    _, scores = PersonFinder(_Known(Found(heat, torch.ones(1, 4, 16, 16))))(torch.zeros(1))

    assert int((scores > 0.5).sum()) == 1
    assert float(scores.max()) == pytest.approx(1 / (1 + np.exp(-2)))


def test_wide_photo_lies_in_the_middle_of_its_canvas_with_its_boxes() -> None:
    photo = Composed(np.zeros((100, 200, 3), np.uint8), np.array([[50, 25, 150, 100]], np.float32))

    canvas = on_canvas(photo, 64)

    assert canvas.image.shape == (64, 64, 3)
    assert canvas.boxes.tolist() == [[16, 24, 48, 48]]
    assert canvas.image[15, 0].tolist() == [127, 127, 127]
    assert canvas.image[16, 0].tolist() == [0, 0, 0]
