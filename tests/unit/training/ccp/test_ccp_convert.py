"""From a drawn person's CCP annotation to the LIP label map."""

import numpy as np
import pytest
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.convert import convert

LabelMap = NDArray[np.uint8]
Landmarks = list[list[float]]


@pytest.mark.parametrize(
    ("x", "y", "class_name"),
    [
        (10, 10, "background"),
        (118, 48, "face"),
        (118, 76, "face"),
        (168, 130, "left-arm"),
        (68, 130, "right-arm"),
        (178, 182, "left-arm"),
        (58, 182, "right-arm"),
        (118, 120, "upper-clothes"),
        (118, 200, "pants"),
        (136, 240, "left-leg"),
        (100, 240, "right-leg"),
        (138, 330, "left-leg"),
        (98, 330, "right-leg"),
        (140, 350, "left-shoe"),
        (96, 350, "right-shoe"),
    ],
)
def test_every_part_of_a_standing_person_gets_its_class(
    annotation: LabelMap,
    landmarks: Landmarks,
    class_names: tuple[str, ...],
    x: int,
    y: int,
    class_name: str,
) -> None:
    label_map = convert(annotation, class_names, landmarks)

    assert label_map[y, x] == LIP.index(class_name)


def test_every_pixel_of_a_separate_limb_has_one_class(
    annotation: LabelMap, landmarks: Landmarks, class_names: tuple[str, ...]
) -> None:
    label_map = convert(annotation, class_names, landmarks)

    left_leg, right_shoe = label_map[230:336, 128:145], label_map[336:368, 86:109]
    assert set(left_leg.flat) == {LIP.index("left-leg")}
    assert set(right_shoe.flat) == {LIP.index("right-shoe")}


def test_mirrored_person_gets_the_mirrored_label_map(
    annotation: LabelMap, landmarks: Landmarks, class_names: tuple[str, ...]
) -> None:
    order = [0, 4, 5, 6, 1, 2, 3]
    order += [joint for left in range(7, 33, 2) for joint in (left + 1, left)]
    mirrored_landmarks = [[1 - landmarks[i][0], *landmarks[i][1:]] for i in order]
    mirror = np.arange(256, dtype=np.uint8)
    mirror[: len(LIP)] = LIP.mirror

    label_map = convert(annotation, class_names, landmarks)
    mirrored = convert(annotation[:, ::-1], class_names, mirrored_landmarks)

    np.testing.assert_array_equal(mirrored, mirror[label_map[:, ::-1]])


def test_hand_hanging_beside_the_bare_thigh_is_no_leg(
    annotation: LabelMap, landmarks: Landmarks, class_names: tuple[str, ...]
) -> None:
    annotation[176:192, 145:153] = class_names.index("skin")  # a finger, by the hip

    label_map = convert(annotation, class_names, landmarks)

    assert label_map[184, 149] == LIP.index("left-arm")


def test_bare_midriff_is_ignored(
    annotation: LabelMap, landmarks: Landmarks, class_names: tuple[str, ...]
) -> None:
    annotation[140:172, 96:141] = class_names.index("skin")

    label_map = convert(annotation, class_names, landmarks)

    assert label_map[156, 118] == IGNORE_INDEX


def test_belt_takes_the_nearest_garment(
    annotation: LabelMap, landmarks: Landmarks, class_names: tuple[str, ...]
) -> None:
    annotation[168:176, 96:141] = class_names.index("belt")

    label_map = convert(annotation, class_names, landmarks)

    assert label_map[168:172, 118].tolist() == [LIP.index("upper-clothes")] * 4
    assert label_map[172:176, 118].tolist() == [LIP.index("pants")] * 4


def test_bracelet_takes_the_arm_below_it(
    annotation: LabelMap, landmarks: Landmarks, class_names: tuple[str, ...]
) -> None:
    annotation[158:164][annotation[158:164] == class_names.index("skin")] = class_names.index(
        "bracelet"
    )

    label_map = convert(annotation, class_names, landmarks)

    assert label_map[160, 174] == LIP.index("left-arm")
    assert label_map[160, 62] == LIP.index("right-arm")


def test_trinket_far_from_the_body_is_background(
    annotation: LabelMap, landmarks: Landmarks, class_names: tuple[str, ...]
) -> None:
    annotation[300:304, 20:24] = class_names.index("bracelet")

    label_map = convert(annotation, class_names, landmarks)

    assert label_map[302, 22] == LIP.index("background")


def test_accessories_are_ignored(
    annotation: LabelMap, landmarks: Landmarks, class_names: tuple[str, ...]
) -> None:
    annotation[200:220, 180:190] = class_names.index("accessories")

    label_map = convert(annotation, class_names, landmarks)

    assert set(label_map[200:220, 180:190].flat) == {IGNORE_INDEX}


def test_pose_of_a_passer_by_leaves_skin_and_shoes_undecided(
    annotation: LabelMap, landmarks: Landmarks, class_names: tuple[str, ...]
) -> None:
    passer_by = [[x / 8, y / 8, visibility] for x, y, visibility in landmarks]

    label_map = convert(annotation, class_names, passer_by)

    undecided = np.isin(annotation, [class_names.index("skin"), class_names.index("shoes")])
    assert set(label_map[undecided].flat) == {IGNORE_INDEX}
    assert label_map[120, 118] == LIP.index("upper-clothes")


def test_photo_without_a_pose_leaves_skin_and_shoes_undecided(
    annotation: LabelMap, class_names: tuple[str, ...]
) -> None:
    label_map = convert(annotation, class_names, None)

    assert label_map[48, 118] == label_map[350, 96] == IGNORE_INDEX
    assert label_map[200, 118] == LIP.index("pants")


def test_empty_annotation_is_background(landmarks: Landmarks, class_names: tuple[str, ...]) -> None:
    label_map = convert(np.zeros((400, 240), np.uint8), class_names, landmarks)

    assert not label_map.any()
