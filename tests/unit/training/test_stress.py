from pathlib import Path

import cv2
import numpy as np
import pytest

from limn.labels import LIP
from tests.fixtures.lip_dataset import write_lip_dataset
from training.augment.view import FILL
from training.datasets.dataset import ParsingDataset
from training.datasets.lip import open_lip
from training.stress import STRESSES, Pair

BY_NAME = {stress.name: stress for stress in STRESSES}


def make(dataset: ParsingDataset, name: str, index: int = 1) -> Pair:
    pair = BY_NAME[name].make(dataset, index)
    assert pair is not None
    return pair


@pytest.mark.parametrize("name", list(BY_NAME))
def test_condition_gives_a_picture_with_truth_of_its_size(drawn: ParsingDataset, name: str) -> None:
    image, truth = make(drawn, name)

    assert image.shape == (*truth.shape, 3)
    assert image.dtype == truth.dtype == np.uint8
    assert set(np.unique(truth)) <= {*np.unique(drawn.label_map(1)), 255}


@pytest.mark.parametrize("name", list(BY_NAME))
def test_condition_is_the_same_every_time(drawn: ParsingDataset, name: str) -> None:
    first, second = make(drawn, name), make(drawn, name)

    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


@pytest.mark.parametrize("name", ["grey", "blur"])
def test_camera_conditions_keep_the_truth(drawn: ParsingDataset, name: str) -> None:
    assert np.array_equal(make(drawn, name)[1], drawn.label_map(1))


def test_head_and_shoulders_hold_the_face_but_no_legs(drawn: ParsingDataset) -> None:
    truth = make(drawn, "head and shoulders")[1]

    face = LIP.index("face")
    assert (truth == face).sum() == (drawn.label_map(1) == face).sum()
    assert LIP.index("pants") not in truth


def test_halves_hold_what_is_above_and_below(drawn: ParsingDataset) -> None:
    upper, lower = make(drawn, "upper half")[1], make(drawn, "lower half")[1]

    assert LIP.index("face") in upper
    assert LIP.index("left-shoe") not in upper
    assert LIP.index("face") not in lower
    assert LIP.index("left-shoe") in lower


def test_far_picture_is_64_wide(drawn: ParsingDataset) -> None:
    assert make(drawn, "64 px wide")[0].shape == (96, 64, 3)


def test_turned_picture_ignores_what_it_does_not_know(drawn: ParsingDataset) -> None:
    image, truth = make(drawn, "turned 20 degrees")

    assert truth[0, 0] == 255
    assert (image[0, 0] == FILL).all()
    alternate = make(drawn, "turned 20 degrees", index=2)[1]
    assert alternate[0, 0] == 255


def test_neighbour_is_no_foreground(drawn: ParsingDataset) -> None:
    image, truth = make(drawn, "neighbour")

    known = drawn.label_map(1)
    assert ((truth == known) | (truth == 0)).all()
    assert not np.array_equal(image, drawn.image(1))


def test_picture_of_nobody_is_left_out_where_a_person_is_needed(tmp_path: Path) -> None:
    dataset = open_lip(write_lip_dataset(tmp_path, train=1, val=1), "train")
    cv2.imwrite(str(dataset.samples[0].labels), np.zeros((96, 64), np.uint8))

    missing = [stress.name for stress in STRESSES if stress.make(dataset, 0) is None]

    assert missing == ["head and shoulders", "upper half", "lower half", "neighbour"]
