import math
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.lip_dataset import draw_person, write_lip_dataset
from training.datasets.lip import open_lip
from training.datasets.statistics import ClassStatistics, count_classes


def statistics(rows: list[list[int]]) -> ClassStatistics:
    return ClassStatistics(np.array(rows, np.int64))


def test_pixels_are_counted_per_picture_and_class(tmp_path: Path) -> None:
    dataset = open_lip(write_lip_dataset(tmp_path, train=2, val=1), "train")

    counts = count_classes(dataset).pixels

    assert counts.shape == (2, 20)
    assert counts.sum(axis=1).tolist() == [96 * 64, 96 * 64]
    assert counts[1, 0] == np.count_nonzero(draw_person(1)[1] == 0)
    # Only the first picture has a hat.
    assert (counts[:, 1] > 0).tolist() == [True, False]


def test_rare_pictures_are_repeated_by_the_root_of_their_rarity() -> None:
    # Class 1 is in one picture of sixteen: sqrt(0.25 / (1 / 16)) = 2.
    rows = [[9, 0]] * 15 + [[8, 1]]

    assert statistics(rows).repeat_factors().tolist() == [1.0] * 15 + [2.0]


def test_picture_follows_its_rarest_class() -> None:
    # Class 1 in 2 of 8 is not rare; class 2 in 1 of 8 asks for sqrt(2).
    rows = [[9, 0, 0]] * 6 + [[8, 1, 0], [7, 1, 1]]

    assert statistics(rows).repeat_factors().tolist() == pytest.approx([1] * 7 + [math.sqrt(2)])


def test_repeats_are_bounded() -> None:
    # 1 of 400 would ask for sqrt(100) = 10.
    factors = statistics([[9, 0]] * 399 + [[8, 1]]).repeat_factors()

    assert factors.max() == 5.0


def test_class_weights_follow_the_median_share() -> None:
    # Shares 1/7, 2/7 and 4/7 with median 2/7: 2 ** 0.3, 1 and 0.5 ** 0.3.
    weights = statistics([[1, 2, 4]]).class_weights(0.3)

    assert weights.dtype == np.float32
    assert weights.tolist() == pytest.approx([1.231, 1.0, 0.812], abs=1e-3)


def test_class_weights_are_bounded() -> None:
    # 100 ** 0.3 = 3.98 and 0.01 ** 0.3 = 0.25 are too much.
    weights = statistics([[1, 100, 10_000]]).class_weights(0.3)

    assert weights.tolist() == pytest.approx([2.5, 1.0, 0.6])


def test_absent_class_gets_a_finite_weight() -> None:
    assert statistics([[0, 5, 5]]).class_weights(0.3).tolist() == pytest.approx(
        [1.62, 1, 1], abs=0.01
    )


def test_power_zero_weighs_every_class_alike() -> None:
    assert statistics([[1, 100, 10_000]]).class_weights(0).tolist() == [1, 1, 1]


def test_rare_classes_are_shown_by_fewer_than_a_quarter() -> None:
    # Class 0 always, class 1 in exactly a quarter, class 2 in an eighth, class 3 never.
    rows = [[9, 1, 0, 0], [9, 1, 1, 0], *[[9, 0, 0, 0]] * 6]

    assert statistics(rows).rare_classes().tolist() == [2]
