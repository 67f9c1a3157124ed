"""Backgrounds, cloth, shadows and what becomes of a file."""

import cv2
import numpy as np
import pytest

from training.synthetic.camera import Camera, look_axes
from training.synthetic.cloth import fold_texture, pattern_texture, strand_texture
from training.synthetic.description import Cloth, Finish, Place
from training.synthetic.finish import composed, finished
from training.synthetic.places import Places, drawn_background, sky_of, without_person
from training.synthetic.shadow import ground_shadow
from training.synthetic.skin import skin_tone
from training.synthetic.surface import Material, Surface


def test_a_removed_person_leaves_the_rest_as_it_was() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (300, 200, 3), dtype=np.uint8)
    person = np.zeros((300, 200), dtype=bool)
    person[100:250, 90:110] = True

    filled = without_person(photo, person)

    assert (filled[:, :60] == photo[:, :60]).all()
    assert (filled[:, 140:] == photo[:, 140:]).all()
    assert (filled[:50] == photo[:50]).all()
    assert not (filled[150, 95:105] == photo[150, 95:105]).all()


def test_what_fills_a_hole_keeps_the_texture_beside_it() -> None:
    photo = np.zeros((300, 200, 3), dtype=np.uint8)
    photo[:, ::4] = 200
    person = np.zeros((300, 200), dtype=bool)
    person[100:250, 90:110] = True

    filled = without_person(photo, person)

    # As much contrast where the person was as beside them: no smear.
    assert filled[150, 92:98].std() > 0.7 * photo[150, 92:98].std()


def test_a_photo_without_a_person_stays() -> None:
    photo = drawn_background(1)

    assert without_person(photo, np.zeros(photo.shape[:2], dtype=bool)) is photo


def test_drawn_backgrounds_are_cut_to_size() -> None:
    place = Place(photo=None, mirrored=True, crop=(0.5, 0.5, 0.8), blur=1.0, seed=4)

    background = Places(None).background(place, (96, 64))

    assert background.shape == (96, 64, 3)
    assert (background == Places(None).background(place, (96, 64))).all()


def test_a_sky_is_as_bright_on_average_whatever_the_place() -> None:
    assert sky_of(drawn_background(2)).mean() == pytest.approx(1, abs=1e-3)


def cloth(**changes: object) -> Cloth:
    """Plain red."""
    plain = Cloth(
        color=(1.0, 0.0, 0.0), second=(0.0, 0.0, 1.0), pattern="plain", repeat_m=0.1, turn=0.0,
        shine=0.0, photo=None, seed=0,
    )  # fmt: skip
    return plain.model_copy(update=changes)


def test_plain_cloth_has_no_pattern() -> None:
    assert pattern_texture(cloth(), None) is None


@pytest.mark.parametrize("pattern", ["stripes", "checks", "dots"])
def test_a_pattern_is_of_its_two_colours(pattern: str) -> None:
    texture = pattern_texture(cloth(pattern=pattern), None)

    assert texture is not None
    assert (texture[..., 1] == 0).all()
    assert (texture[..., 0] == 255).any()
    assert (texture[..., 2] > 100).any()


def test_cloth_of_a_photo_repeats_without_a_seam() -> None:
    patch = np.random.default_rng(0).integers(0, 255, (48, 48, 3), dtype=np.uint8)

    texture = pattern_texture(cloth(pattern="photo"), patch)

    assert texture is not None
    assert (texture[0] == texture[-1]).all()
    assert (texture[:, 0] == texture[:, -1]).all()


def test_folds_lose_the_colour_of_large_areas() -> None:
    texture = np.full((240, 240, 3), 200, dtype=np.uint8)
    texture[:, 120:] = 60

    folds = fold_texture(texture)

    assert abs(int(folds[120, 20, 0]) - int(folds[120, 220, 0])) <= 2


def test_hair_keeps_its_holes_in_another_colour() -> None:
    texture = np.full((4, 4, 4), 100, dtype=np.uint8)
    texture[..., 3] = 255
    texture[0, :, 3] = 0

    strands = strand_texture(texture, (0.5, 0.25, 0.0))

    assert (strands[..., 3] == texture[..., 3]).all()
    assert strands[2, 2, :3].tolist() == [128, 64, 0]


def test_skin_darkens_with_its_tone() -> None:
    brightness = [skin_tone(tone).sum() for tone in np.linspace(0, 1, 12)]

    assert (np.diff(brightness) < 0).all()


def test_a_shadow_falls_away_from_the_sun() -> None:
    # A board above the origin; the sun stands high on the right, so its shadow falls to the left.
    corners = [[-0.2, -0.2, 1.0], [0.2, -0.2, 1.0], [0.2, 0.2, 1.0], [-0.2, 0.2, 1.0]]
    board = Surface(
        np.array(corners, dtype=np.float32),
        np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32),
        np.zeros((2, 3, 2), dtype=np.float32),
        np.zeros((2, 3, 2), dtype=np.float32),
        np.zeros(2, dtype=np.uint8),
        Material(),
    )
    position = np.array([0.0, -4.0, 4.0])
    camera = Camera(position, look_axes(-position, 0.0), 60.0, (50.0, 50.0), (100, 100))

    shade, contact = ground_shadow([board], camera, 0.0, (0.7071, 0.0, 0.7071), 0.05)

    spot = camera.project(np.array([[-1.0, 0.0, 0.0]], dtype=np.float32))[0]
    assert shade[int(spot[1]), int(spot[0])] > 0.5
    assert shade[50, 50] < 0.05
    assert contact.max() == 0


def finish(**changes: object) -> Finish:
    """Nothing but a JPEG."""
    plain = Finish(
        blur=0.0, motion=0.0, motion_angle=0.0, grain=0.0, exposure=1.0, gamma=1.0, warmth=1.0,
        gray=False, low_resolution=1.0, quality=95, seed=0,
    )  # fmt: skip
    return plain.model_copy(update=changes)


def decoded(jpeg: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """uint8[H, W, 3], BGR."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(np.uint8)


def test_light_becomes_srgb() -> None:
    linear = np.full((16, 16, 3), 0.5**2.2, dtype=np.float32)

    assert decoded(finished(linear, finish())).mean() == pytest.approx(127.5, abs=1)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"gray": True}, id="gray"),
        pytest.param({"low_resolution": 3.0}, id="low-resolution"),
        pytest.param({"motion": 6.0, "motion_angle": 30.0}, id="motion"),
        pytest.param({"blur": 1.5}, id="blur"),
        pytest.param({"grain": 12.0}, id="grain"),
    ],
)
def test_faults_change_a_picture_but_not_its_size(fault: dict[str, object]) -> None:
    linear = np.random.default_rng(0).random((40, 30, 3)).astype(np.float32)

    plain, faulty = (decoded(finished(linear, finish(**each))) for each in ({}, fault))

    assert plain.shape == faulty.shape == (40, 30, 3)
    assert np.abs(plain.astype(int) - faulty).mean() > 3


def test_the_figure_hides_and_its_shadow_darkens_what_is_behind() -> None:
    figure = np.zeros((1, 3, 4), dtype=np.float32)
    figure[0, 0] = [0.2, 0.2, 0.2, 1.0]
    shade = np.array([[0.0, 0.5, 0.0]], dtype=np.float32)

    linear = composed(figure, np.full((1, 3, 3), 255, dtype=np.uint8), shade)

    assert linear[0, :, 0] == pytest.approx([0.2, 0.5, 1.0])
