from pathlib import Path

import cv2
import numpy as np
import pytest

from limn.labels import LIP
from tests.fixtures.lip_dataset import draw_person, write_lip_dataset
from training.datasets.dataset import ParsingDataset
from training.datasets.lip import open_lip
from training.errors import DatasetError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two training and one validation picture, flat."""
    return write_lip_dataset(tmp_path / "drawn", train=2, val=1)


@pytest.fixture
def dataset(root: Path) -> ParsingDataset:
    return open_lip(root, "train")


def test_flat_layout_is_found(root: Path) -> None:
    train, val = open_lip(root, "train"), open_lip(root, "val")

    assert [sample.id for sample in train.samples] == ["t0", "t1"]
    assert [sample.id for sample in val.samples] == ["v0"]
    assert train.label_set is LIP


def test_layout_of_the_distribution_is_found(tmp_path: Path) -> None:
    root = write_lip_dataset(tmp_path / "LIP", train=1, val=1, layout="distributed")

    (sample,) = open_lip(root, "val").samples

    assert sample.image == root / "TrainVal_images/val_images/v0.jpg"
    assert sample.labels == root / "TrainVal_parsing_annotations/val_segmentations/v0.png"


def test_annotations_in_a_doubled_folder_are_found(tmp_path: Path) -> None:
    root = write_lip_dataset(tmp_path / "LIP", train=1, val=1, layout="distributed")
    annotations = root / "TrainVal_parsing_annotations"
    inner = annotations / annotations.name
    inner.mkdir()
    for split in ("train", "val"):
        (annotations / f"{split}_segmentations").rename(inner / f"{split}_segmentations")

    assert open_lip(root, "train").pair(0)[1].shape == (96, 64)


def test_doubled_top_folder_is_found(tmp_path: Path) -> None:
    write_lip_dataset(tmp_path / "LIP" / "LIP", train=1, val=1)

    assert len(open_lip(tmp_path / "LIP", "train")) == 1


def test_pair_is_rgb_and_class_indices(dataset: ParsingDataset) -> None:
    drawn, truth = draw_person(0, hat=True)

    image, label_map = dataset.pair(0)

    assert image.dtype == label_map.dtype == np.uint8
    assert np.array_equal(label_map, truth)
    # JPEG changes colours a little; channels in the wrong order would change them a lot.
    assert np.abs(image.astype(int) - drawn).mean() < 8


def test_blank_lines_of_the_list_are_no_pictures(root: Path) -> None:
    (root / "train_id.txt").write_text("\nt1\n\n t0 \n")

    assert [sample.id for sample in open_lip(root, "train").samples] == ["t1", "t0"]


def test_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"there is no folder .*nowhere"):
        open_lip(tmp_path / "nowhere", "train")


@pytest.mark.parametrize("name", ["train_id.txt", "train_images", "train_segmentations"])
def test_missing_part_is_named_with_every_place_it_could_be(root: Path, name: str) -> None:
    (root / name).rename(root / "moved")

    with pytest.raises(DatasetError, match=rf"has no {name} \(nor TrainVal_"):
        open_lip(root, "train")


def test_empty_list_is_refused(root: Path) -> None:
    (root / "train_id.txt").write_text("\n")

    with pytest.raises(DatasetError, match=r"train_id\.txt names no picture"):
        open_lip(root, "train")


@pytest.mark.parametrize("file", ["train_images/t1.jpg", "train_segmentations/t1.png"])
def test_listed_picture_without_a_file_is_refused(root: Path, file: str) -> None:
    (root / file).unlink()

    with pytest.raises(DatasetError, match=f"names t1, but there is no .*{file}"):
        open_lip(root, "train")


def test_broken_picture_is_refused(dataset: ParsingDataset) -> None:
    dataset.samples[0].image.write_bytes(b"no picture")

    with pytest.raises(DatasetError, match=r"t0\.jpg is not a picture that can be read"):
        dataset.image(0)


def test_label_map_in_colours_is_refused(dataset: ParsingDataset) -> None:
    cv2.imwrite(str(dataset.samples[0].labels), np.zeros((96, 64, 3), np.uint8))

    with pytest.raises(DatasetError, match="not an 8-bit single-channel picture"):
        dataset.label_map(0)


def test_label_map_of_unknown_classes_is_refused(dataset: ParsingDataset) -> None:
    labels = np.zeros((96, 64), np.uint8)
    labels[0, :4] = (20, 255, 19, 77)
    cv2.imwrite(str(dataset.samples[0].labels), labels)

    with pytest.raises(DatasetError, match=r"holds \[20, 77\]; lip has 0 to 19, and 255 to ignore"):
        dataset.label_map(0)


def test_label_map_of_another_size_is_refused(dataset: ParsingDataset) -> None:
    cv2.imwrite(str(dataset.samples[0].labels), np.zeros((96, 63), np.uint8))

    with pytest.raises(
        DatasetError, match=r"t0: the picture is \(96, 64\), its label map \(96, 63"
    ):
        dataset.pair(0)
