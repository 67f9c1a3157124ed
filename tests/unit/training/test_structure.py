import math

import pytest
import torch
from torch import Tensor

from limn.labels import ATR, LIP, PASCAL_PERSON_PART, PPSS
from training.config.structure import StructureSection
from training.losses.structure import (
    Joints,
    find_joints,
    heat_maps,
    joint_loss,
    joint_table,
    structure_weights,
)

TABLE = joint_table(LIP)
GRID = (41, 41)
FACE, LEFT_ARM, RIGHT_ARM = LIP.index("face"), LIP.index("left-arm"), LIP.index("right-arm")


def joints_at(*centres: tuple[int, int] | None) -> Joints:
    """One pose; None is an absent joint."""
    places = [centre or (0, 0) for centre in centres]
    present = [centre is not None for centre in centres]
    return Joints(torch.tensor([places]).float(), torch.tensor([present]))


def loss_of(predicted: Joints, truth: Joints, scale: str = "release") -> float:
    return joint_loss(predicted, truth, GRID, scale).item()


def test_nine_joints_hold_fifteen_of_lips_classes() -> None:
    by_id = (TABLE[:20] - 1).tolist()

    assert by_id == [-1, 0, 0, -1, 0, 1, -1, 1, -1, 2, -1, 1, 2, 0, 3, 4, 5, 6, 7, 8]
    assert TABLE[255] == 0


@pytest.mark.parametrize(
    ("label_set", "joints"), [(ATR, 9), (PASCAL_PERSON_PART, 6), (PPSS, 7)], ids=lambda v: str(v)
)
def test_other_label_sets_have_joints(label_set: object, joints: int) -> None:
    assert joint_table(label_set).max() == joints  # type: ignore[arg-type]


def test_centre_is_the_mean_cut_to_whole_cells() -> None:
    label_map = torch.zeros(1, 6, 8, dtype=torch.long)
    label_map[0, 1, 2:4] = FACE  # columns 2 and 3: mean 2.5
    label_map[0, 2, 3] = LIP.index("hair")  # head as well: mean column 8/3, mean row 4/3

    joints = find_joints(label_map, TABLE)

    assert joints.present[0].tolist() == [True] + [False] * 8
    assert joints.centres[0, 0].tolist() == [2, 1]


def test_joint_in_the_corner_is_no_absent_one() -> None:
    label_map = torch.zeros(1, 4, 4, dtype=torch.long)
    label_map[0, 0, 0] = LEFT_ARM

    assert find_joints(label_map, TABLE).present[0].tolist() == [False] * 3 + [True] + [False] * 5


def test_pictures_of_a_batch_keep_their_own_joints() -> None:
    label_maps = torch.zeros(2, 4, 4, dtype=torch.long)
    label_maps[0, 1, 1], label_maps[1, 3, 2] = FACE, FACE

    assert find_joints(label_maps, TABLE).centres[:, 0].tolist() == [[1, 1], [2, 3]]


def test_heat_map_peaks_at_its_joint() -> None:
    (head,) = heat_maps(joints_at((5, 9)), GRID)[0]

    assert head[9, 5] == head.max()
    assert head.max().item() == pytest.approx(4 / math.sqrt(2 * math.pi), abs=1e-4)
    # One cell beside: exp(-1/2) of it.
    assert (head[9, 6] / head[9, 5]).item() == pytest.approx(math.exp(-0.5))
    assert head.square().sum().item() == pytest.approx(8.0017, abs=1e-3)


@pytest.mark.parametrize(
    ("cells", "loss"), [(0, 0.0), (1, 0.089), (2, 0.253), (3, 0.358), (8, 0.400)]
)
def test_displaced_joint_costs_what_the_sheet_says(cells: int, loss: float) -> None:
    found = loss_of(joints_at((15 + cells, 20)), joints_at((15, 20)))

    assert found == pytest.approx(loss, abs=1e-3)


def test_joint_in_one_pose_only_costs_half() -> None:
    assert loss_of(joints_at(None), joints_at((20, 20))) == pytest.approx(0.2, abs=1e-3)
    assert loss_of(joints_at((20, 20)), joints_at(None)) == pytest.approx(0.2, abs=1e-3)


def test_nine_displaced_joints() -> None:
    here = [(8 + 3 * i, 10) for i in range(9)]
    there = [(x, 30) for x, _ in here]

    assert loss_of(joints_at(*here), joints_at(*there)) == pytest.approx(3.6, abs=1e-2)


def test_equation_1_divides_by_the_joints_of_this_body() -> None:
    predicted = joints_at((10, 10), (20, 20), None)
    truth = joints_at((10, 10), (20, 35), None)

    # One of two joints is wholly displaced: energy 16 over 2 * 2.
    assert loss_of(predicted, truth, "paper") == pytest.approx(4.0, abs=1e-2)


def pictures() -> tuple[Tensor, Tensor]:
    """Two pictures of 320x320 whose face is 80x80; predicted right in the first, and half the
    picture away in the second."""
    labels = torch.zeros(2, 320, 320, dtype=torch.long)
    labels[:, 40:120, 40:120] = FACE
    predicted = labels.clone()
    predicted[1] = predicted[1].roll(160, 1)
    logits = 9 * torch.nn.functional.one_hot(predicted, 20).permute(0, 3, 1, 2).float()
    return logits, labels


@pytest.mark.parametrize(
    ("mode", "weights"),
    [("paper", (0.0, 0.4)), ("residual", (1.0, 1.8)), ("release", (1.0, 1.0))],
)
def test_modes_weigh_pictures(mode: str, weights: tuple[float, float]) -> None:
    section = StructureSection.model_validate({"mode": mode, "alpha": 2.0})

    found = structure_weights(*pictures(), TABLE, section)

    assert found.weights.tolist() == pytest.approx(weights, abs=1e-3)
    assert found.joint_loss.item() == pytest.approx(0.2, abs=1e-3)
    assert found.satisfied.item() == 0.5
    assert found.displacement.item() == pytest.approx(10.0)  # 0 and 20 cells


def test_weights_have_no_gradient() -> None:
    logits, labels = pictures()

    assert not structure_weights(
        logits.requires_grad_(), labels, TABLE, StructureSection()
    ).weights.requires_grad


def test_what_is_predicted_outside_the_photo_is_no_joint() -> None:
    logits, labels = pictures()
    labels[1, :, 160:] = 255

    # The misplaced face lies there: the joint counts as absent, not as displaced.
    weights = structure_weights(logits, labels, TABLE, StructureSection()).weights

    assert weights[1].item() == pytest.approx(0.2, abs=1e-3)


def test_mirror_swaps_the_joints_of_arms_legs_and_shoes() -> None:
    swapped = torch.arange(10)
    for left in (4, 6, 8):
        swapped[left], swapped[left + 1] = left + 1, left

    mirrored = TABLE[LIP.mirror.tolist()]

    assert torch.equal(mirrored, swapped[TABLE[:20]])
