"""A person drawn by hand, facing the camera: CCP annotation and landmarks that fit together."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.ccp.landmarks import Pose

CLASS_NAMES = ("null", "skin", "shoes", "t-shirt", "shorts", "belt", "bracelet", "accessories")

# The person's left is at the image's right. Pixels, (x, y).
JOINTS = {
    0: (118, 48),
    2: (124, 42),
    5: (112, 42),
    7: (132, 44),
    8: (104, 44),
    9: (122, 56),
    10: (114, 56),
    11: (146, 84),
    12: (90, 84),
    13: (168, 130),
    14: (68, 130),
    15: (176, 172),
    16: (60, 172),
    17: (182, 182),
    18: (54, 182),
    19: (178, 184),
    20: (58, 184),
    21: (172, 180),
    22: (64, 180),
    23: (134, 180),
    24: (102, 180),
    25: (136, 262),
    26: (100, 262),
    27: (138, 340),
    28: (98, 340),
    29: (138, 350),
    30: (98, 350),
    31: (144, 364),
    32: (92, 364),
}
HEIGHT, WIDTH = 400, 240


@pytest.fixture
def class_names() -> tuple[str, ...]:
    """The labels that the figure is drawn with."""
    return CLASS_NAMES


@pytest.fixture
def annotation() -> NDArray[np.uint8]:
    """uint8[400, 240]: bare head, arms and legs, T-shirt, shorts and two shoes apart."""
    image = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    skin, shoes, shirt, shorts = (
        CLASS_NAMES.index(name) for name in ("skin", "shoes", "t-shirt", "shorts")
    )
    cv2.ellipse(image, (118, 48), (16, 20), 0, 0, 360, skin, -1)
    image[66:84, 112:125] = skin
    for side in (0, 1):
        shoulder, elbow, wrist, hand = (JOINTS[joint + side] for joint in (11, 13, 15, 19))
        for start, end in ((shoulder, elbow), (elbow, wrist), (wrist, hand)):
            cv2.line(image, start, end, skin, 13)
    image[84:172, 92:145] = shirt
    image[172:230, 96:141] = shorts
    for left, right in ((92, 109), (128, 145)):
        image[230:336, left:right] = skin
    image[336:368, 86:109] = shoes
    image[336:368, 128:151] = shoes
    return image


@pytest.fixture
def landmarks() -> list[list[float]]:
    """The figure's 33 landmarks, relative to the image."""
    points = np.full((33, 3), 0.25)
    for joint, (x, y) in JOINTS.items():
        points[joint] = ((x + 0.5) / WIDTH, (y + 0.5) / HEIGHT, 1.0)
    relative: list[list[float]] = points.tolist()
    return relative


@pytest.fixture
def pose(annotation: NDArray[np.uint8], landmarks: list[list[float]]) -> Pose:
    """The figure's pose; its unit is 96 px, from mid-shoulder to mid-hip."""
    return Pose.locate(landmarks, annotation > 0)
