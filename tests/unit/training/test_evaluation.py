import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from limn.labels import LIP
from tests.fixtures.lip_dataset import write_lip_dataset
from training.datasets.dataset import ParsingDataset
from training.datasets.lip import open_lip
from training.evaluation import evaluate, evaluate_stress
from training.stress import STRESSES


class Oracle:
    """A parser that knows the truth of each picture it was told about."""

    def __init__(self) -> None:
        self.answers: dict[bytes, NDArray[np.uint8]] = {}

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return self.answers[image.tobytes()]

    def learn(self, image: NDArray[np.uint8], truth: NDArray[np.uint8]) -> None:
        # What is ignored may be called anything.
        self.answers[np.ascontiguousarray(image).tobytes()] = np.where(truth == 255, 3, truth)


@pytest.fixture
def oracle(drawn: ParsingDataset) -> Oracle:
    parser = Oracle()
    for index in range(len(drawn)):
        parser.learn(*drawn.pair(index))
        for stress in STRESSES:
            pair = stress.make(drawn, index)
            if pair is not None:
                parser.learn(*pair)
    return parser


def test_truth_scores_100_percent(drawn: ParsingDataset, oracle: Oracle) -> None:
    done: list[None] = []

    evaluation = evaluate(drawn, oracle, lambda: done.append(None))

    assert (evaluation.name, evaluation.pictures) == ("photos", 4)
    assert evaluation.accuracy.mean_iou == 1
    assert evaluation.accuracy.pixel_accuracy == 1
    assert evaluation.accuracy.matrix.sum() == 4 * 192 * 128
    assert len(done) == 4


def test_truth_scores_100_percent_under_every_stress(drawn: ParsingDataset, oracle: Oracle) -> None:
    evaluations = evaluate_stress(drawn, oracle, lambda: None)

    assert [e.name for e in evaluations] == [stress.name for stress in STRESSES]
    assert [e.pictures for e in evaluations] == [4] * len(STRESSES)
    assert [e.accuracy.pixel_accuracy for e in evaluations] == [1.0] * len(STRESSES)


def test_blind_parser_finds_only_the_background(drawn: ParsingDataset) -> None:
    evaluation = evaluate(drawn, lambda image: np.zeros(image.shape[:2], np.uint8), lambda: None)

    background = sum(np.count_nonzero(drawn.label_map(i) == 0) for i in range(4))
    assert evaluation.accuracy.pixel_accuracy == background / (4 * 192 * 128)
    assert evaluation.accuracy.recall[0] == 1
    assert evaluation.accuracy.recall[LIP.index("face")] == 0


def test_worst_pictures_come_first(drawn: ParsingDataset, oracle: Oracle) -> None:
    image = drawn.image(2)
    oracle.answers[image.tobytes()] = np.zeros(image.shape[:2], np.uint8)

    worst = evaluate(drawn, oracle, lambda: None).worst

    assert worst[0][0] == "t2"
    assert worst[0][1] < 0.2
    assert [iou for _, iou in worst[1:]] == [1, 1, 1]


def test_picture_of_which_nothing_is_known_is_not_scored(tmp_path: Path) -> None:
    dataset = open_lip(write_lip_dataset(tmp_path, train=2, val=1), "train")
    cv2.imwrite(str(dataset.samples[0].labels), np.full((96, 64), 255, np.uint8))

    evaluation = evaluate(dataset, lambda image: np.zeros(image.shape[:2], np.uint8), lambda: None)

    assert evaluation.pictures == 1
    assert [name for name, _ in evaluation.worst] == ["t1"]


def test_condition_that_no_picture_shows_is_nan(tmp_path: Path) -> None:
    dataset = open_lip(write_lip_dataset(tmp_path, train=1, val=1), "train")
    cv2.imwrite(str(dataset.samples[0].labels), np.zeros((96, 64), np.uint8))

    evaluations = evaluate_stress(
        dataset, lambda image: np.zeros(image.shape[:2], np.uint8), lambda: None
    )

    head = evaluations[0]
    assert (head.name, head.pictures) == ("head and shoulders", 0)
    assert math.isnan(head.accuracy.mean_iou)
