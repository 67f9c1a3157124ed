from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from training.datasets.dataset import ParsingDataset
from training.networks.light_generator import LightGenerator
from training.sheets import contact_sheet, save_sheet, write_picture
from training.validation import CanvasSet


@pytest.fixture(scope="module")
def canvases(drawn: ParsingDataset) -> CanvasSet:
    return CanvasSet(drawn, (64, 48))


def test_split_is_squeezed_onto_the_canvas(canvases: CanvasSet, drawn: ParsingDataset) -> None:
    assert len(canvases.images) == len(canvases.labels) == 4
    for index in range(4):
        assert canvases.images[index].shape == (64, 48, 3)
        assert canvases.labels[index].shape == (64, 48)
        classes = set(np.unique(canvases.labels[index]))
        assert classes <= set(np.unique(drawn.label_map(index)))


def test_truth_as_a_prediction_scores_everything(canvases: CanvasSet) -> None:
    accuracy = canvases.accuracy(canvases.labels)

    assert accuracy.pixel_accuracy == 1
    assert accuracy.mean_iou == 1
    assert accuracy.matrix.sum() == 4 * 64 * 48


def test_network_answers_a_label_map_per_picture_in_order(canvases: CanvasSet) -> None:
    torch.manual_seed(0)
    network = LightGenerator(20).eval()

    # Three at a time: the last batch is smaller.
    maps = canvases.predictions(network, batch_size=3)

    assert [(m.shape, m.dtype.name) for m in maps] == [((64, 48), "uint8")] * 4
    alone = canvases.predictions(network, batch_size=1)
    assert all(np.mean(a == b) > 0.99 for a, b in zip(maps, alone, strict=True))


def test_contact_sheet_fills_up_with_black() -> None:
    tiles = [np.full((2, 3, 3), level, np.uint8) for level in (10, 20, 30)]

    sheet = contact_sheet(tiles, columns=2)

    assert sheet.shape == (4, 6, 3)
    assert sheet[::2, ::3, 0].tolist() == [[10, 20], [30, 0]]


def test_pictures_are_written_in_rgb(tmp_path: Path) -> None:
    image = np.full((4, 4, 3), (200, 100, 0), np.uint8)

    write_picture(tmp_path / "picture.png", image)

    read = cv2.imread(str(tmp_path / "picture.png"), cv2.IMREAD_COLOR_RGB)
    assert read is not None
    assert np.array_equal(read, image)


def test_sheet_shows_photo_truth_and_prediction(canvases: CanvasSet, tmp_path: Path) -> None:
    save_sheet(tmp_path / "sheet.png", canvases, canvases.labels)

    sheet = cv2.imread(str(tmp_path / "sheet.png"), cv2.IMREAD_COLOR_RGB)
    assert sheet is not None
    # Twelve tiles of three pictures, four in a row.
    assert sheet.shape == (3 * 64, 4 * 3 * 48, 3)
    assert np.array_equal(sheet[:64, :48], canvases.images[0])
    assert np.array_equal(sheet[:64, 48:96], sheet[:64, 96:144])
