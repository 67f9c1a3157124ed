import cv2
import numpy as np
import pytest

from limn.labels import LIP
from tests.fixtures.lip_dataset import draw_person
from training.augment.recipe import Recipe, mirrored, scaled_canvas
from training.datasets.dataset import ParsingDataset

CANVAS = (96, 64)
RARE = np.array([LIP.index("hat")])


@pytest.fixture
def recipe(drawn: ParsingDataset) -> Recipe:
    return Recipe(drawn, RARE)


def test_mirror_flips_both_and_swaps_sides() -> None:
    image = np.arange(18, dtype=np.uint8).reshape(1, 6, 3)
    label_map = np.array([[0, 13, 14, 17, 18, 255]], np.uint8)

    flipped, labels = mirrored(image, label_map, LIP)

    assert flipped[0, :, 0].tolist() == [15, 12, 9, 6, 3, 0]
    # 18 left shoe, 17 right leg, 14 left arm become 19, 16 and 15.
    assert labels.tolist() == [[255, 19, 16, 15, 13, 0]]


def test_mirror_twice_is_the_identity() -> None:
    image, label_map = draw_person(0, hat=True)

    again = mirrored(*mirrored(image, label_map, LIP), LIP)

    assert np.array_equal(again[0], image)
    assert np.array_equal(again[1], label_map)


def test_mirrored_person_still_has_the_left_arm_on_the_right() -> None:
    label_map = draw_person(0)[1]

    labels = mirrored(np.zeros((96, 64, 3), np.uint8), label_map, LIP)[1]

    left, right = (np.nonzero(labels == LIP.index(f"{side}-arm"))[1] for side in ("left", "right"))
    assert right.mean() < left.mean()


@pytest.mark.parametrize("canvas", [CANVAS, (64, 48), (80, 112)])
def test_drawn_pictures_are_canvases_of_known_classes(
    recipe: Recipe, drawn: ParsingDataset, canvas: tuple[int, int]
) -> None:
    known = {0, 255} | {int(c) for i in range(len(drawn)) for c in np.unique(drawn.label_map(i))}
    known |= {int(LIP.mirror[c]) for c in known - {255}}

    for seed in range(12):
        image, label_map = recipe.draw(seed % len(drawn), canvas, np.random.default_rng(seed))

        assert image.shape == (*canvas, 3)
        assert label_map.shape == canvas
        assert image.dtype == label_map.dtype == np.uint8
        assert set(np.unique(label_map).tolist()) <= known
        assert image.flags.c_contiguous
        assert label_map.flags.c_contiguous


def test_equal_seeds_draw_equal_pictures(recipe: Recipe) -> None:
    for seed in range(6):
        first = recipe.draw(1, CANVAS, np.random.default_rng(seed))
        second = recipe.draw(1, CANVAS, np.random.default_rng(seed))

        assert np.array_equal(first[0], second[0])
        assert np.array_equal(first[1], second[1])


def test_seeds_draw_different_pictures(recipe: Recipe) -> None:
    pictures = {recipe.draw(1, CANVAS, np.random.default_rng(seed))[0].tobytes() for seed in (1, 2)}

    assert len(pictures) == 2


def test_person_is_in_most_pictures(recipe: Recipe) -> None:
    shown = [
        ((labels != 0) & (labels != 255)).mean()
        for labels in (recipe.draw(1, CANVAS, np.random.default_rng(s))[1] for s in range(30))
    ]

    assert np.mean(np.array(shown) > 0.05) > 0.8


def test_picture_and_labels_are_drawn_alike(drawn: ParsingDataset, recipe: Recipe) -> None:
    # Blue pants on green: wherever the truth says pants after everything, blue leads.
    hits = []
    for seed in range(30):
        image, labels = recipe.draw(1, CANVAS, np.random.default_rng(seed))
        pants = cv2.erode((labels == LIP.index("pants")).astype(np.uint8), np.ones((5, 5))) > 0
        if pants.sum() > 20:
            red, _, blue = image[pants].astype(int).mean(axis=0)
            hits.append(blue > red)

    assert len(hits) > 5
    assert np.mean(hits) > 0.7


@pytest.mark.parametrize(
    ("scale", "size"),
    [
        pytest.param(1.0, (384, 256), id="itself"),
        # 268.8 and 179.2; 326.4 and 217.6.
        pytest.param(0.7, (272, 176), id="nearest"),
        pytest.param(0.85, (320, 224), id="nearest-too"),
        # 22.5 and 15 multiples.
        pytest.param(0.9375, (368, 240), id="halfway-goes-up"),
        pytest.param(0.001, (16, 16), id="at-least-one-multiple"),
    ],
)
def test_scaled_canvas_is_the_nearest_multiple(scale: float, size: tuple[int, int]) -> None:
    assert scaled_canvas((384, 256), scale, 16) == size
