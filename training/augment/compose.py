"""Other surroundings for a person: a new background, a neighbour, something in front."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.augment.view import Matrix, Rect, bounds, figure, warp

Image = NDArray[np.uint8]
LabelMap = NDArray[np.uint8]


def backdrop(
    image: Image, label_map: LabelMap, canvas: tuple[int, int], rng: np.random.Generator
) -> Image:
    """uint8[h, w, 3] without a person: the wider strip beside a figure, or a plain one.

    A quarter are a soft gradient between two of the photo's colours, as in studios.
    """
    height, width = canvas
    person = bounds(label_map != 0)
    left = person.x1 if person else float(image.shape[1])
    right = image.shape[1] - person.x2 if person else 0.0
    strip = image[:, : int(left)] if left >= right else image[:, image.shape[1] - int(right) :]
    if rng.random() < 0.25 or strip.shape[1] < 24:
        ends = image[rng.integers(image.shape[0], size=2), rng.integers(image.shape[1], size=2)]
        ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        plain = ends[0] * (1 - ramp) + ends[1] * ramp
        return np.broadcast_to(plain, (height, width, 3)).astype(np.uint8)
    rows = rng.uniform(0.4, 1.0) * strip.shape[0]
    top = int(rng.uniform(0, strip.shape[0] - rows))
    piece = strip[top : top + max(1, int(rows))]
    if rng.random() < 0.5:
        # A mirror image beside it keeps a narrow strip from being stretched to mush.
        piece = np.concatenate([piece, piece[:, ::-1]], axis=1)
    interpolation = cv2.INTER_AREA if piece.shape[0] > height else cv2.INTER_LINEAR
    return cv2.resize(piece, (width, height), interpolation=interpolation).astype(np.uint8)


def blend(front: Image, back: Image, mask: NDArray[np.bool_], softness: float) -> Image:
    """`front` where the mask is true, `back` elsewhere, the seam softened by `softness` pixels."""
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), softness)[..., None]
    return (front * alpha + back * (1 - alpha) + 0.5).astype(np.uint8)


def replace_background(
    image: Image, label_map: LabelMap, scene: Image, rng: np.random.Generator
) -> tuple[Image, LabelMap]:
    """The person in front of `scene`; what the truth does not know stays with the person."""
    person = label_map != 0
    return blend(image, scene, person, rng.uniform(0.6, 1.4)), label_map


def add_neighbour(
    image: Image,
    label_map: LabelMap,
    person: Rect,
    neighbour: tuple[Image, LabelMap],
    matrix: Matrix,
    rng: np.random.Generator,
) -> tuple[Image, LabelMap]:
    """A second person beside the one in the middle, behind three times in four.

    Args:
        image: uint8[h, w, 3] canvas.
        label_map: uint8[h, w] of the canvas; the neighbour counts as background, as in LIP.
        person: the central person's rectangle in the photo that `matrix` maps to the canvas.
        neighbour: another photo and its label map.
        matrix: float64[2, 3], photo of the central person to canvas.
        rng: draws size, side, distance and order.
    """
    other = bounds(figure(neighbour[1]))
    if other is None:
        return image, label_map
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    size = scale * person.height / other.height * rng.uniform(0.8, 1.15)
    half_widths = (scale * person.width + size * other.width) / 2
    side = rng.choice((-1, 1))
    distance = half_widths * rng.uniform(0.55, 1.1)
    drift = np.array([side * distance, rng.uniform(-0.06, 0.06) * scale * person.height])
    target = matrix[:, :2] @ person.centre + matrix[:, 2] + drift
    placement = np.column_stack([np.eye(2) * size, target - size * other.centre])
    canvas = label_map.shape[0], label_map.shape[1]
    pasted, labels = warp(*neighbour, placement, canvas)
    shown = figure(labels)
    in_front = rng.random() < 0.25
    if not in_front:
        shown &= label_map == 0
    mixed = blend(pasted, image, shown, 0.7)
    return mixed, np.where(shown, 0, label_map).astype(np.uint8)


def add_occluder(
    image: Image, label_map: LabelMap, texture: Image, rng: np.random.Generator
) -> tuple[Image, LabelMap]:
    """A box, a blob or a bar of another picture's texture in front; it counts as background."""
    height, width = label_map.shape
    mask = np.zeros(label_map.shape, np.uint8)
    centre = int(rng.uniform(0, width)), int(rng.uniform(0, height))
    half = int(rng.uniform(0.05, 0.22) * width), int(rng.uniform(0.04, 0.2) * height)
    match rng.integers(3):
        case 0:
            top_left = centre[0] - half[0], centre[1] - half[1]
            cv2.rectangle(mask, top_left, (centre[0] + half[0], centre[1] + half[1]), (1,), -1)
        case 1:
            cv2.ellipse(mask, centre, half, float(rng.uniform(0, 180)), 0, 360, (1,), -1)
        case _:
            end = int(rng.uniform(0, width)), int(rng.uniform(0, height))
            cv2.line(mask, centre, end, (1,), max(2, half[0] // 2))
    covered = mask > 0
    return blend(texture, image, covered, 0.6), np.where(covered, 0, label_map).astype(np.uint8)
