"""PASCAL-Person-Part, ATR and PPSS in their layouts, and what is said of faulty ones."""

import logging
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from limn.labels import ATR, LIP, PASCAL_PERSON_PART, PPSS, LabelSet
from limn.taxonomy import taxonomy
from tests.fixtures.datasets import write_atr, write_pascal, write_ppss
from tests.fixtures.lip_dataset import draw_person, write_lip_dataset
from training.datasets.atr import split_ids
from training.datasets.dataset import Split
from training.datasets.layout import Layout
from training.datasets.open import SPLITS, open_dataset
from training.datasets.sides import SideTally
from training.datasets.statistics import count_classes
from training.errors import DatasetError

Write = Callable[[Path], Path]


@pytest.mark.parametrize(
    ("layout", "write", "split", "ids", "label_set"),
    [
        pytest.param("lip", write_lip_dataset, "val", ["v0", "v1", "v2"], LIP, id="lip"),
        pytest.param(
            "pascal-person-part", write_pascal, "val", ["p2", "p3"], PASCAL_PERSON_PART, id="pascal"
        ),
        pytest.param("ppss", write_ppss, "test", ["4/ped_4", "5/ped_5"], PPSS, id="ppss"),
    ],
)
def test_layout_is_found(
    tmp_path: Path, layout: Layout, write: Write, split: Split, ids: list[str], label_set: LabelSet
) -> None:
    dataset = open_dataset(layout, write(tmp_path), split)

    assert [sample.id for sample in dataset.samples] == ids
    assert dataset.label_set is label_set
    image, label_map = dataset.pair(0)
    assert image.shape == (96, 64, 3)
    assert label_map.shape == (96, 64)


@pytest.mark.parametrize("layout", ["pascal-person-part", "atr"])
def test_labels_are_read_as_they_were_written(tmp_path: Path, layout: Layout) -> None:
    write: dict[Layout, Write] = {"pascal-person-part": write_pascal, "atr": write_atr}
    dataset = open_dataset(layout, write[layout](tmp_path), "train")
    number = int(dataset.samples[0].id.removeprefix("dataset10k_").removeprefix("p"))

    table = taxonomy(LIP, dataset.label_set)
    truth = table[draw_person(number, hat=number == 0)[1]]
    assert np.array_equal(dataset.label_map(0), truth)


def test_part_labels_in_the_other_folder_are_found(tmp_path: Path) -> None:
    root = write_pascal(tmp_path)
    (root / "pascal_person_part_gt").rename(root / "SegmentationPart")
    (root / "val_id.txt").write_text("p2\n")

    (sample,) = open_dataset("pascal-person-part", root, "val").samples

    assert sample.labels == root / "SegmentationPart/p2.png"


def test_atr_splits_share_no_picture_and_leave_none_out(tmp_path: Path) -> None:
    root = write_atr(tmp_path)

    ids = {
        split: {sample.id for sample in open_dataset("atr", root, split).samples}
        for split in SPLITS["atr"]
    }

    assert {split: len(names) for split, names in ids.items()} == {"train": 18, "val": 1, "test": 1}
    assert len(set.union(*ids.values())) == 20


def test_atr_has_the_papers_counts() -> None:
    ids = [str(number) for number in range(17_700)]

    splits: dict[Split, list[str]] = {split: split_ids(ids, split) for split in SPLITS["atr"]}

    assert [len(names) for names in splits.values()] == [16_000, 700, 1_000]
    assert splits["test"] == split_ids(ids[::-1], "test")
    # Ours for good: whoever changes these changes everyone's test set.
    assert splits["test"][:4] == ["10002", "10014", "10042", "10070"]


def test_ppss_masks_are_brought_to_the_photos_size(tmp_path: Path) -> None:
    label_map = open_dataset("ppss", write_ppss(tmp_path), "train").label_map(0)

    truth = taxonomy(LIP, PPSS)[draw_person(1)[1]]
    assert label_map.shape == truth.shape
    assert np.mean(label_map == truth) > 0.95
    assert set(np.unique(label_map)) == set(np.unique(truth))


def test_ppss_mask_of_a_foreign_colour_is_refused(tmp_path: Path) -> None:
    dataset = open_dataset("ppss", write_ppss(tmp_path), "test")
    mask = PPSS.palette[np.zeros((8, 8), np.uint8)]
    mask[3, 4] = (255, 0, 1)
    Image.fromarray(mask).save(dataset.samples[1].labels)

    with pytest.raises(DatasetError, match=r"ped_5_m\.png holds the colour \(255, 0, 1\)"):
        dataset.label_map(1)


def test_ppss_warns_of_other_counts_than_the_papers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        open_dataset("ppss", write_ppss(tmp_path), "test")

    assert "PPSS test has 2 pictures, in the papers 1892" in caplog.text


def test_ppss_has_no_val(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="PPSS has train and test, but no val"):
        open_dataset("ppss", write_ppss(tmp_path), "val")


def test_ppss_photo_without_a_mask_is_refused(tmp_path: Path) -> None:
    root = write_ppss(tmp_path)
    (root / "pedestrian_parsing_dataset/data/5/ped_5_m.png").unlink()

    with pytest.raises(DatasetError, match=r"ped_5\.jpg has no mask ped_5_m\.png"):
        open_dataset("ppss", root, "test")


@pytest.mark.parametrize("layout", list(SPLITS))
def test_folder_that_is_something_else_is_refused(tmp_path: Path, layout: Layout) -> None:
    with pytest.raises(DatasetError, match=f"{tmp_path} has no "):
        open_dataset(layout, tmp_path, SPLITS[layout][-1])
    with pytest.raises(DatasetError, match="there is no folder"):
        open_dataset(layout, tmp_path / "nowhere", SPLITS[layout][-1])


def test_atr_label_map_of_a_class_too_many_is_refused(tmp_path: Path) -> None:
    dataset = open_dataset("atr", write_atr(tmp_path), "test")
    cv2.imwrite(str(dataset.samples[0].labels), np.full((96, 64), 18, np.uint8))

    with pytest.raises(DatasetError, match=r"holds \[18\]; atr has 0 to 17"):
        dataset.label_map(0)


def test_swapped_sides_are_noticed(tmp_path: Path) -> None:
    dataset = open_dataset("lip", write_lip_dataset(tmp_path), "train")
    for sample in dataset.samples:
        labels = cv2.imread(str(sample.labels), cv2.IMREAD_UNCHANGED)
        assert labels is not None
        cv2.imwrite(str(sample.labels), LIP.mirror.astype(np.uint8)[labels])

    with pytest.raises(DatasetError, match="left and right look swapped: in 6 of 6 pictures"):
        count_classes(dataset)


def test_sides_of_who_looks_away_or_of_a_few_are_no_evidence() -> None:
    wrong = LIP.mirror.astype(np.uint8)[draw_person(0)[1]]
    away = np.where(wrong == LIP.index("face"), LIP.index("hair"), wrong).astype(np.uint8)
    tally = SideTally(LIP)

    for label_map in [away] * 9 + [wrong] * 4:
        tally.add(label_map)

    assert (tally.right_way, tally.wrong_way) == (0, 4)
    tally.check()


def test_label_set_without_sides_has_none_to_swap() -> None:
    tally = SideTally(PASCAL_PERSON_PART)

    tally.add(np.ones((4, 4), np.uint8))

    assert (tally.right_way, tally.wrong_way) == (0, 0)


def test_pictures_are_reduced_once_and_stay_in_memory(tmp_path: Path) -> None:
    root = write_lip_dataset(tmp_path)
    whole = open_dataset("lip", root, "val")
    image, label_map = whole.pair(1)

    dataset = open_dataset("lip", root, "val", longest_side=48)
    for sample in dataset.samples:
        sample.image.unlink()
        sample.labels.unlink()

    small, labels = dataset.pair(1)
    assert (len(dataset), small.shape, labels.shape) == (3, (48, 32, 3), (48, 32))
    # Halved: each pixel is the mean of four, each label the one at 2i + 1.
    assert small[5, 7].tolist() == pytest.approx(image[10:12, 14:16].mean(axis=(0, 1)), abs=1)
    assert np.array_equal(labels, label_map[1::2, 1::2])
    assert np.array_equal(dataset.label_map(1), labels)


def test_small_pictures_are_not_enlarged(tmp_path: Path) -> None:
    dataset = open_dataset("lip", write_lip_dataset(tmp_path), "val", longest_side=500)

    assert dataset.image(0).shape == (96, 64, 3)


def test_atr_is_its_own_label_set(tmp_path: Path) -> None:
    assert open_dataset("atr", write_atr(tmp_path), "val").label_set is ATR
