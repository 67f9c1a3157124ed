import numpy as np
import pytest
from numpy.typing import NDArray

from limn.labels import LIP
from tests.fixtures.lip_dataset import draw_person
from training.augment import compose
from training.augment.view import bounds, figure

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]
IDENTITY = np.array([[1.0, 0, 0], [0, 1, 0]])


@pytest.fixture
def pair() -> Pair:
    return draw_person(1, size=(192, 128))


@pytest.fixture
def other() -> Pair:
    """A person with a hat, which the first one does not have."""
    return draw_person(2, hat=True, size=(192, 128))


def test_blend_takes_the_front_inside_and_the_back_outside() -> None:
    front, back = np.full((9, 9, 3), 200, np.uint8), np.full((9, 9, 3), 50, np.uint8)
    mask = np.zeros((9, 9), bool)
    mask[:, :4] = True

    mixed = compose.blend(front, back, mask, 0.5)

    assert (mixed[:, 0] == 200).all()
    assert (mixed[:, -1] == 50).all()
    assert (front == 200).all()
    assert (back == 50).all()


@pytest.mark.parametrize("seed", range(8))
def test_backdrop_shows_no_person(pair: Pair, seed: int) -> None:
    _, label_map = pair
    red = np.where((label_map != 0)[..., None], (255, 0, 0), (0, 90, 200)).astype(np.uint8)

    scene = compose.backdrop(red, label_map, (96, 64), np.random.default_rng(seed))

    assert scene.shape == (96, 64, 3)
    assert scene.dtype == np.uint8
    if not np.ptp(scene[0], axis=0).any():
        # A gradient between two of the photo's colours, which may be the person's.
        assert not np.ptp(scene, axis=1).any()
    else:
        assert (scene[..., 0] == 0).all()


def test_person_stays_in_front_of_another_background(pair: Pair) -> None:
    image, label_map = pair
    scene = np.full_like(image, 10)

    mixed, labels = compose.replace_background(image, label_map, scene, np.random.default_rng(0))

    assert labels is label_map
    assert (mixed[:, :8] == 10).all()
    torso = label_map == LIP.index("upper-clothes")
    assert np.abs(mixed[torso].astype(int) - image[torso]).mean() < 6


def test_pixels_of_which_nothing_is_known_stay_with_the_person() -> None:
    image = np.full((40, 40, 3), 200, np.uint8)
    label_map = np.full((40, 40), 255, np.uint8)

    mixed, _ = compose.replace_background(
        image, label_map, np.zeros_like(image), np.random.default_rng(0)
    )

    assert (mixed == 200).all()


@pytest.mark.parametrize("seed", range(12))
def test_neighbour_counts_as_background(pair: Pair, other: Pair, seed: int) -> None:
    image, label_map = pair
    person = bounds(figure(label_map))
    assert person is not None
    before = image.copy(), label_map.copy()

    mixed, labels = compose.add_neighbour(
        image, label_map, person, other, IDENTITY, np.random.default_rng(seed)
    )

    # Nothing is added: a pixel keeps its class or becomes background, and no hat appears.
    changed = labels != label_map
    assert (labels[changed] == 0).all()
    assert LIP.index("hat") not in labels
    assert (np.abs(mixed.astype(int) - image) > 30).any()
    assert np.array_equal(image, before[0])
    assert np.array_equal(label_map, before[1])


def test_neighbour_behind_leaves_the_person_whole(pair: Pair, other: Pair) -> None:
    image, label_map = pair
    person = bounds(figure(label_map))
    assert person is not None
    whole = 0
    for seed in range(20):
        _, labels = compose.add_neighbour(
            image, label_map, person, other, IDENTITY, np.random.default_rng(seed)
        )
        whole += np.array_equal(labels, label_map)

    # Behind three times in four; in front, some land beside the person.
    assert 10 <= whole < 20


def test_picture_of_nobody_lends_no_neighbour(pair: Pair) -> None:
    image, label_map = pair
    person = bounds(figure(label_map))
    assert person is not None
    nobody = image, np.zeros_like(label_map)

    mixed, labels = compose.add_neighbour(
        image, label_map, person, nobody, IDENTITY, np.random.default_rng(0)
    )

    assert mixed is image
    assert labels is label_map


@pytest.mark.parametrize("seed", range(12))
def test_occluder_sets_background_where_it_covers(seed: int) -> None:
    image = np.full((96, 64, 3), 200, np.uint8)
    label_map = np.full((96, 64), 5, np.uint8)
    texture = np.full_like(image, 20)

    mixed, labels = compose.add_occluder(image, label_map, texture, np.random.default_rng(seed))

    covered = labels == 0
    assert set(np.unique(labels)) == {0, 5}
    assert 0.001 < covered.mean() < 0.6
    # The seam is soft: half of the texture decides.
    assert np.mean((mixed[..., 0] < 110) == covered) > 0.98
    assert (label_map == 5).all()
    assert (image == 200).all()
