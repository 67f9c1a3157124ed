"""The augmentations of the two papers: what is shown, how often, and what is unknown."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from limn.labels import LIP
from tests.fixtures.lip_dataset import write_lip_dataset
from training.augment.mman import MmanRecipe
from training.augment.picture_recipe import PictureRecipe
from training.augment.recipe import Recipe
from training.augment.recipes import make_recipe
from training.augment.ssl import SslRecipe
from training.config.data import DataSection
from training.datasets.dataset import ParsingDataset
from training.datasets.open import open_dataset

NONE_RARE = np.array([], np.intp)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> ParsingDataset:
    """One person, 96 x 64, in memory."""
    root = write_lip_dataset(tmp_path_factory.mktemp("drawn"), train=1, val=1)
    return open_dataset("lip", root, "train", longest_side=96)


def draws(recipe: PictureRecipe, canvas: tuple[int, int], count: int) -> list[NDArray[np.uint8]]:
    """Label maps of as many pictures."""
    return [recipe.draw(0, canvas, np.random.default_rng(seed))[1] for seed in range(count)]


@pytest.mark.parametrize("recipe", [MmanRecipe, SslRecipe])
@pytest.mark.parametrize("canvas", [(96, 64), (48, 80)])
def test_pictures_are_canvases_of_known_classes(
    dataset: ParsingDataset,
    recipe: type[MmanRecipe] | type[SslRecipe],
    canvas: tuple[int, int],
) -> None:
    known = {*np.unique(dataset.label_map(0)).tolist(), 255}

    for seed in range(8):
        image, label_map = recipe(dataset).draw(0, canvas, np.random.default_rng(seed))

        assert image.shape == (*canvas, 3)
        assert label_map.shape == canvas
        assert image.dtype == label_map.dtype == np.uint8
        assert set(np.unique(label_map).tolist()) <= known
        again = recipe(dataset).draw(0, canvas, np.random.default_rng(seed))
        assert np.array_equal(image, again[0])
        assert np.array_equal(label_map, again[1])


@pytest.mark.parametrize("recipe", [MmanRecipe, SslRecipe])
def test_left_arm_lies_at_the_pictures_right_mirrored_or_not(
    dataset: ParsingDataset, recipe: type[MmanRecipe] | type[SslRecipe]
) -> None:
    for labels in draws(recipe(dataset), (96, 64), 20):
        left, right = (np.nonzero(labels == LIP.index(f"{s}-arm"))[1] for s in ("left", "right"))
        if left.size and right.size:
            assert left.mean() > right.mean()


def test_mman_shows_the_whole_photo_in_27_percent(dataset: ParsingDataset) -> None:
    labels = dataset.label_map(0)
    table = LIP.mirror.astype(np.uint8)
    whole = [labels.tobytes(), np.ascontiguousarray(table[labels[:, ::-1]]).tobytes()]

    shown = [label_map.tobytes() for label_map in draws(MmanRecipe(dataset), (96, 64), 400)]

    # Standard deviation 2.2 points; both as it is and mirrored.
    assert np.mean([label_map in whole for label_map in shown]) == pytest.approx(0.27, abs=0.07)
    assert shown.count(whole[0]) > 20 < shown.count(whole[1])


def test_mman_crops_keep_nearly_all_of_the_person(dataset: ParsingDataset) -> None:
    # Of a photo with the canvas's aspect, a crop shows at least 64 % and never anything beyond.
    for labels in draws(MmanRecipe(dataset), (96, 64), 60):
        assert not (labels == 255).any()
        assert (labels == LIP.index("upper-clothes")).mean() > 0.05


def test_mman_letterboxes_other_aspects(dataset: ParsingDataset) -> None:
    # The photo is 96 x 64; on a square of 96 the whole board has 16 columns at either side.
    boards = draws(MmanRecipe(dataset), (96, 96), 60)
    whole = [labels for labels in boards if np.array_equal(labels[0] == 255, _beside(16, 96))]

    assert whole
    assert all((labels[:, 16:80] != 255).all() for labels in whole)


def _beside(padding: int, width: int) -> NDArray[np.bool_]:
    columns = np.arange(width)
    return (columns < padding) | (columns >= width - padding)


def test_ssl_pads_at_the_bottom_and_the_right(dataset: ParsingDataset) -> None:
    sizes = set()
    for labels in draws(SslRecipe(dataset), (160, 160), 80):
        known = labels != 255
        height, width = int(known.any(axis=1).sum()), int(known.any(axis=0).sum())
        sizes.add((height, width))
        assert known[:height, :width].all()

    # 96 x 64 at 0.6, 0.8, 1, 1.2 and 1.4, to the nearest pixel.
    assert sizes == {(58, 38), (77, 51), (96, 64), (115, 77), (134, 90)}


def test_ssl_crops_what_is_larger_anywhere(dataset: ParsingDataset) -> None:
    pieces = draws(SslRecipe(dataset), (32, 32), 60)

    assert all((labels != 255).all() for labels in pieces)
    shown = {int(c) for labels in pieces for c in np.unique(labels)}
    assert {LIP.index("face"), LIP.index("left-shoe")} <= shown


def test_ssl_at_scale_1_shows_the_photos_own_pixels(dataset: ParsingDataset) -> None:
    image, labels = dataset.pair(0)
    mirror = cv2.flip(image, 1)
    plain = []
    for seed in range(40):
        shown, truth = SslRecipe(dataset).draw(0, (96, 64), np.random.default_rng(seed))
        plain.append(np.array_equal(shown, image) and np.array_equal(truth, labels))
        plain.append(np.array_equal(shown, mirror))

    # One scale of five.
    assert 3 <= sum(plain) <= 16


@pytest.mark.parametrize(
    ("name", "made"), [("limn", Recipe), ("mman", MmanRecipe), ("ssl", SslRecipe)]
)
def test_config_names_the_recipe(
    dataset: ParsingDataset, tmp_path: Path, name: str, made: type
) -> None:
    data = DataSection.model_validate(
        {
            "root": tmp_path,
            "name": "drawn",
            "licence": "CC0-1.0",
            "canvas": (96, 64),
            "canvas_scales": (1.0,),
            "recipe": name,
        }
    )

    assert isinstance(make_recipe(data, dataset, NONE_RARE), made)
