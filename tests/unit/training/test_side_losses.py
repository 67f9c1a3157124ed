"""The losses that ask for left or right alone."""

import math

import pytest
import torch
from torch import Tensor

from limn.labels import ATR, LIP, PPSS
from training.losses.sides import (
    behind_cross_entropy,
    seen_from_behind,
    side_cross_entropy,
    side_pairs,
)

PAIRS = side_pairs(LIP)
LEFT_ARM, RIGHT_ARM = LIP.index("left-arm"), LIP.index("right-arm")
LEFT_LEG, RIGHT_LEG = LIP.index("left-leg"), LIP.index("right-leg")


def alone(value: Tensor) -> Tensor:
    return value


def test_pairs_are_left_then_right() -> None:
    assert PAIRS[0].tolist() == [LEFT_ARM, RIGHT_ARM]
    assert side_pairs(ATR).shape == (3, 2)
    assert side_pairs(PPSS).shape == (0, 2)


def test_pixels_of_paired_parts_by_hand() -> None:
    """A left leg of which the network is sure by ln 3, a right one that it takes for the left."""
    labels = torch.tensor([[[LEFT_LEG, RIGHT_LEG], [0, 255]]])
    logits = torch.zeros(1, len(LIP), 2, 2)
    logits[0, LEFT_LEG, 0, 0] = math.log(3)
    logits[0, LEFT_LEG, 0, 1] = math.log(4)
    # What else is likely has no say, nor what is there where nothing is paired or known.
    logits[0, LIP.index("pants")] = 9.0
    logits[0, RIGHT_LEG, 1] = -7.0

    loss = side_cross_entropy(logits, labels, PAIRS, alone)

    assert loss.item() == pytest.approx((math.log(4 / 3) + math.log(5)) / 2, abs=1e-6)


@pytest.mark.parametrize("pairs", [PAIRS, side_pairs(PPSS)], ids=["nothing seen", "no pairs"])
def test_picture_without_paired_parts_teaches_nothing(pairs: Tensor) -> None:
    logits = torch.zeros(1, len(LIP), 2, 2, requires_grad=True)

    loss = side_cross_entropy(logits, torch.full((1, 4, 4), 255), pairs, alone)
    loss.backward()  # type: ignore[no-untyped-call]

    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_divisor_is_that_of_all_processes() -> None:
    """Of two processes, the other of which has three such pixels: two on average."""
    labels = torch.full((1, 1, 1), LEFT_LEG)

    loss = side_cross_entropy(
        torch.zeros(1, len(LIP), 1, 1), labels, PAIRS, lambda count: (count + 3) / 2
    )

    assert loss.item() == pytest.approx(math.log(2) / 2)


def people() -> Tensor:
    """From the front, from behind, legs crossed, one arm alone, a speck: int64[5, 60, 60]."""
    labels = torch.zeros(5, 60, 60, dtype=torch.long)
    labels[0, :, 2], labels[0, :, 15] = RIGHT_ARM, LEFT_ARM
    labels[1, :, 2], labels[1, :, 15] = LEFT_LEG, RIGHT_LEG
    labels[2, :9, 2], labels[2, :9, 15] = RIGHT_ARM, LEFT_ARM
    labels[2, 9:, 7], labels[2, 9:, 9] = LEFT_LEG, RIGHT_LEG
    labels[3, :, 2] = LEFT_ARM
    labels[4, :, 2], labels[4, 3, 9] = RIGHT_ARM, LEFT_ARM
    return labels


def test_who_is_seen_from_behind_and_who_does_not_show_it() -> None:
    behind, known = seen_from_behind(people(), PAIRS)

    assert known.tolist() == [True, True, False, False, False]
    assert behind[known].tolist() == [False, True]


def test_mirrored_person_with_sides_swapped_is_seen_from_the_same_side() -> None:
    swapped = torch.from_numpy(LIP.mirror.copy())[people().flip(2)]

    behind, known = seen_from_behind(swapped, PAIRS)

    assert known.tolist() == [True, True, False, False, False]
    assert behind[known].tolist() == [False, True]


def test_only_pictures_that_show_it_are_judged_and_both_kinds_weigh_alike() -> None:
    """Two from the front, one from behind that is taken for the front, two that do not show it."""
    labels = people()[[0, 0, 1, 3, 4]]
    logits = torch.tensor([-math.log(3), -math.log(7), -math.log(2), 50.0, -50.0])

    loss, right = behind_cross_entropy(logits, labels, PAIRS, alone)

    front = (math.log(4 / 3) + math.log(8 / 7)) / 2
    assert loss.item() == pytest.approx((front + math.log(3)) / 2, abs=1e-6)
    assert right.item() == 0.5


def test_one_kind_alone_has_all_the_weight() -> None:
    loss, right = behind_cross_entropy(torch.zeros(2) - 1, people()[[0, 0]], PAIRS, alone)

    assert loss.item() == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-6)
    assert right.item() == 1


def test_batch_that_shows_nothing_gives_no_figure_that_is_no_number() -> None:
    loss, right = behind_cross_entropy(torch.zeros(2), people()[3:], PAIRS, alone)

    assert (loss.item(), right.item()) == (0, 0)
