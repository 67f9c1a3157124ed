from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.datasets import write_atr
from tests.fixtures.lip_dataset import write_lip_dataset
from training.datasets.dataset import ParsingDataset
from training.datasets.joined import joined
from training.datasets.open import open_dataset
from training.errors import DatasetError


def test_pictures_are_numbered_through(drawn: ParsingDataset, tmp_path: Path) -> None:
    other = open_dataset("lip", write_lip_dataset(tmp_path, train=2, val=1), "train")

    both = joined([drawn, other])

    assert len(both) == len(drawn) + 2
    for index, (part, own) in enumerate([(drawn, 0), (drawn, 3), (other, 0), (other, 1)]):
        number = [0, 3, 4, 5][index]
        assert both.samples[number] == part.samples[own]
        for found, expected in zip(both.pair(number), part.pair(own), strict=True):
            assert np.array_equal(found, expected)


def test_one_alone_stays_what_it_is(drawn: ParsingDataset) -> None:
    assert joined([drawn]) is drawn


def test_other_labels_are_refused(drawn: ParsingDataset, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="ATR"):
        joined([drawn, open_dataset("atr", write_atr(tmp_path), "train")])
