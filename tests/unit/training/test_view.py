import numpy as np
import pytest
from numpy.typing import NDArray

from limn.labels import LIP
from tests.fixtures.lip_dataset import draw_person
from training.augment import view
from training.augment.recipe import HEAD_NAMES, mirrored
from training.augment.view import (
    FILL,
    VIEW_SHARES,
    Rect,
    ViewKind,
    ViewSampler,
    bounds,
    cut_to,
    figure,
    place,
    warp,
)

CANVAS = (96, 64)
HEADS = tuple(LIP.index(name) for name in HEAD_NAMES)
HAT = np.array([LIP.index("hat")])

# Far apart in every channel, so that a class can be read off a colour again.
COLORS = np.array([(90 * (i % 3), 90 * (i // 3 % 3), 90 * (i // 9)) for i in range(20)], np.uint8)


def painted(label_map: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture in which every class is one flat colour."""
    return COLORS[np.minimum(label_map, 19)]


def classes_of(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The class whose colour each pixel shows; 99 where a pixel is a mixture."""
    distance = np.abs(image[:, :, None].astype(int) - COLORS).max(axis=3)
    return np.where(distance.min(axis=2) <= 3, distance.argmin(axis=2), 99).astype(np.uint8)


def inner(label_map: NDArray[np.uint8], reach: int = 2) -> NDArray[np.bool_]:
    """Pixels whose neighbours up to `reach` away are of their class, away from the frame."""
    height, width = label_map.shape
    alike = np.zeros(label_map.shape, bool)
    alike[reach:-reach, reach:-reach] = True
    middle = label_map[reach : height - reach, reach : width - reach]
    for down in range(2 * reach + 1):
        for right in range(2 * reach + 1):
            shifted = label_map[down : down + middle.shape[0], right : right + middle.shape[1]]
            alike[reach:-reach, reach:-reach] &= shifted == middle
    return alike


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [(96, 64), (384, 256)], ids=["as-large", "shrinks"])
def test_picture_and_labels_stay_aligned(seed: int, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    truth = draw_person(seed, hat=True, size=size)[1]
    image, label_map = mirrored(painted(truth), truth, LIP)
    rect = Rect(0, 0, size[1], size[0]).grown(*rng.uniform(-0.1, 0.1, 4))

    canvas, labels = warp(image, label_map, place(rect, CANVAS, rng), CANVAS)

    sure = inner(labels) & (labels != 255)
    assert sure.mean() > 0.25
    # The mirror swaps the classes of arms and shoes; their painted colours keep the old side.
    shown = LIP.mirror[labels[sure]]
    assert np.mean(classes_of(canvas)[sure] == shown) > 0.995


@pytest.mark.parametrize("seed", range(6))
def test_warp_mints_no_classes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # 2 beside 18: interpolation would invent every class between them.
    label_map = np.where(rng.random((60, 40)) < 0.5, 2, 18).astype(np.uint8)
    image = np.zeros((60, 40, 3), np.uint8)

    _, labels = warp(image, label_map, place(Rect(0, 0, 40, 60), CANVAS, rng), CANVAS)

    assert set(np.unique(labels)) <= {2, 18, 255}


def test_warp_by_the_identity_changes_nothing() -> None:
    image, label_map = draw_person(3)

    canvas, labels = warp(image, label_map, np.eye(2, 3), CANVAS)

    assert np.array_equal(canvas, image)
    assert np.array_equal(labels, label_map)


def test_warp_halves_on_pixel_edges() -> None:
    image = np.array([[0, 100, 200, 220]], np.uint8).repeat(2, axis=0)[..., None].repeat(3, axis=2)
    label_map = np.array([[1, 1, 2, 2]] * 2, np.uint8)

    canvas, labels = warp(image, label_map, np.array([[0.5, 0, 0], [0, 0.5, 0]]), (1, 2))

    assert canvas[0, :, 0].tolist() == [50, 210]
    assert labels.tolist() == [[1, 2]]


def test_what_lies_outside_the_photo_is_grey_and_ignored() -> None:
    image = np.full((4, 4, 3), 200, np.uint8)
    shifted = np.array([[1.0, 0, 2], [0, 1, 0]])

    canvas, labels = warp(image, np.ones((4, 4), np.uint8), shifted, (4, 6))

    assert (canvas[:, :2] == FILL).all()
    assert (canvas[:, 2:] == 200).all()
    assert labels.tolist() == [[255, 255, 1, 1, 1, 1]] * 4


def test_bounds_are_half_open() -> None:
    mask = np.zeros((5, 6), bool)
    mask[1, 2] = mask[3, 4] = True

    assert bounds(mask) == Rect(2, 1, 5, 4)
    assert bounds(np.zeros((2, 2), bool)) is None


def test_figure_is_everything_but_background_and_unknown() -> None:
    assert figure(np.array([[0, 1, 19, 255]], np.uint8)).tolist() == [[False, True, True, False]]


def test_rectangle_grows_by_shares_of_its_sides() -> None:
    assert Rect(10, 20, 20, 40).grown(0.1, 0.5, 0.2, 0) == Rect(9, 10, 22, 40)
    assert Rect(10, 20, 20, 40).centre.tolist() == [15, 30]


@pytest.mark.parametrize("kind", VIEW_SHARES)
def test_every_view_shows_part_of_the_person(kind: ViewKind) -> None:
    label_map = draw_person(1, hat=True, size=(192, 128))[1]
    person = bounds(figure(label_map))
    assert person is not None
    views = ViewSampler(HEADS, HAT, {kind: 1.0})

    for seed in range(40):
        rect = views.rect(label_map, np.random.default_rng(seed))

        across = min(rect.x2, person.x2) - max(rect.x1, person.x1)
        down = min(rect.y2, person.y2) - max(rect.y1, person.y1)
        assert min(across, down) > 0
        # Never so far away that the person is a speck.
        assert rect.height <= 1.6 * person.height
        assert rect.width <= 2.5 * person.width


def test_whole_view_holds_nearly_the_whole_person() -> None:
    label_map = draw_person(1, size=(192, 128))[1]
    views = ViewSampler(HEADS, HAT, {"whole": 1.0})

    for seed in range(20):
        rect = views.rect(label_map, np.random.default_rng(seed))

        rows = slice(max(0, round(rect.y1)), round(rect.y2))
        columns = slice(max(0, round(rect.x1)), round(rect.x2))
        assert figure(label_map)[rows, columns].sum() > 0.9 * figure(label_map).sum()


def test_head_view_shows_a_large_face() -> None:
    label_map = draw_person(1, size=(192, 128))[1]
    face = bounds(label_map == LIP.index("face"))
    assert face is not None
    views = ViewSampler(HEADS, HAT, {"head": 1.0})

    for seed in range(20):
        rect = views.rect(label_map, np.random.default_rng(seed))

        assert rect.y1 < face.y1
        assert face.y2 < rect.y2 < 192
        assert face.height / rect.height > 0.15


def test_rare_view_holds_a_pixel_of_the_rare_class() -> None:
    label_map = draw_person(1, hat=True, size=(192, 128))[1]
    hat = bounds(label_map == LIP.index("hat"))
    assert hat is not None
    views = ViewSampler(HEADS, HAT, {"rare": 1.0})

    for seed in range(20):
        rect = views.rect(label_map, np.random.default_rng(seed))

        assert min(rect.x2, hat.x2) > max(rect.x1, hat.x1)
        assert min(rect.y2, hat.y2) > max(rect.y1, hat.y1)


def test_photo_of_nobody_is_shown_whole() -> None:
    nobody = np.zeros((30, 20), np.uint8)

    rect = ViewSampler(HEADS, HAT).rect(nobody, np.random.default_rng(0))

    assert rect == Rect(0, 0, 20, 30)


def test_place_keeps_the_rectangle_around_the_middle() -> None:
    rect = Rect(100, 50, 200, 200)

    for seed in range(30):
        matrix = place(rect, CANVAS, np.random.default_rng(seed))
        x, y = matrix[:, :2] @ rect.centre + matrix[:, 2]

        # A shift of up to 6 % of the canvas either way.
        assert abs(x - 32) <= 0.06 * 64 + 1e-9
        assert abs(y - 48) <= 0.06 * 96 + 1e-9
        # 64 / 100 and 96 / 150 agree: the rectangle fills the canvas; stretching keeps the area.
        assert np.linalg.det(matrix[:, :2]) == pytest.approx(0.64**2)


def test_cut_fills_what_lies_outside_the_rectangle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "CUT_SHARE", 1.0)
    image, label_map = np.full((8, 8, 3), 200, np.uint8), np.ones((8, 8), np.uint8)

    cut_to(Rect(0, 2, 8, 6), np.eye(2, 3), image, label_map, np.random.default_rng(0))

    assert (label_map[[0, 1, 7]] == 255).all()
    assert (image[[0, 1, 7]] == FILL).all()
    assert (label_map[2:6] == 1).all()
    assert (image[2:6] == 200).all()
