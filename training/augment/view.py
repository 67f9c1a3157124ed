"""Which part of a photo a training canvas shows: whole bodies, halves, heads, rare garments."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX

Matrix = NDArray[np.float64]
"""float64[2, 3]: maps photo (x, y) to canvas (x, y)."""

FILL = 127
"""Grey of whatever lies outside the photo; next to 0 after normalisation."""

ViewKind = Literal["whole", "upper", "lower", "head", "rare"]
VIEW_SHARES: dict[ViewKind, float] = {
    "whole": 0.42,
    "upper": 0.16,
    "lower": 0.12,
    "head": 0.18,
    "rare": 0.12,
}
STEEP_SHARE = 0.15
CUT_SHARE = 0.3


@dataclass(frozen=True)
class Rect:
    """A rectangle in photo pixels, half open; may reach beyond the photo."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def centre(self) -> NDArray[np.float64]:
        """float64[2]: x and y."""
        return np.array([(self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2])

    def grown(self, left: float, top: float, right: float, bottom: float) -> "Rect":
        """Each side moved outwards by that share of the width or height."""
        return Rect(
            self.x1 - left * self.width,
            self.y1 - top * self.height,
            self.x2 + right * self.width,
            self.y2 + bottom * self.height,
        )


def bounds(mask: NDArray[np.bool_]) -> Rect | None:
    """Smallest rectangle around the true pixels; None where there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    return Rect(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def figure(label_map: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels of the person, of whatever class."""
    shown: NDArray[np.bool_] = (label_map != 0) & (label_map != IGNORE_INDEX)
    return shown


class ViewSampler:
    """Draws the rectangle of a photo to look at, and the placement of it on a canvas."""

    def __init__(
        self,
        head_classes: tuple[int, ...],
        rare_classes: NDArray[np.intp],
        shares: Mapping[ViewKind, float] = VIEW_SHARES,
    ) -> None:
        self.kinds, self.shares = tuple(shares), tuple(shares.values())
        self.head_classes = np.asarray(head_classes)
        self.rare_classes = rare_classes

    def rect(self, label_map: NDArray[np.uint8], rng: np.random.Generator) -> Rect:
        """A rectangle around the whole person or a part; the whole photo where nobody is shown."""
        person = bounds(figure(label_map))
        if person is None:
            height, width = label_map.shape
            return Rect(0, 0, width, height)
        match rng.choice(self.kinds, p=self.shares):
            case "upper":
                return self._band(label_map, person, 0.0, rng.uniform(0.33, 0.68), rng)
            case "lower":
                return self._band(label_map, person, rng.uniform(0.32, 0.62), 1.0, rng)
            case "head":
                return self._head(label_map, person, rng)
            case "rare":
                return self._rare(label_map, person, rng)
            case _:
                return person.grown(*rng.uniform(-0.03, 0.22, 4))

    def _band(
        self,
        label_map: NDArray[np.uint8],
        person: Rect,
        top: float,
        bottom: float,
        rng: np.random.Generator,
    ) -> Rect:
        y1, y2 = person.y1 + top * person.height, person.y1 + bottom * person.height
        part = figure(label_map)
        part[: int(y1)] = False
        part[math.ceil(y2) :] = False
        found = bounds(part) or person
        band = Rect(found.x1, y1, found.x2, y2)
        # The cut side stays where it was drawn, so that the frame really cuts the body.
        free_top, free_bottom = float(top == 0.0), float(bottom == 1.0)
        left, above, right, below = rng.uniform(0.0, 0.2, 4)
        return band.grown(left, above * free_top, right, below * free_bottom)

    def _head(self, label_map: NDArray[np.uint8], person: Rect, rng: np.random.Generator) -> Rect:
        head = bounds(np.isin(label_map, self.head_classes) & figure(label_map))
        if head is None or head.height > 0.5 * person.height:
            return self._band(label_map, person, 0.0, 0.35, rng)
        height = head.height / rng.uniform(0.25, 0.75)
        width = height * rng.uniform(0.6, 1.2)
        centre = (head.x1 + head.x2) / 2 + rng.uniform(-0.15, 0.15) * width
        top = head.y1 - rng.uniform(0.02, 0.6) * (height - head.height)
        return Rect(centre - width / 2, top, centre + width / 2, top + height)

    def _rare(self, label_map: NDArray[np.uint8], person: Rect, rng: np.random.Generator) -> Rect:
        shown = np.intersect1d(np.unique(label_map), self.rare_classes)
        if shown.size == 0:
            return person.grown(*rng.uniform(-0.1, 0.15, 4))
        rows, columns = np.nonzero(label_map == rng.choice(shown))
        pick = rng.integers(rows.size)
        height = person.height * rng.uniform(0.2, 0.8)
        width = height * rng.uniform(0.5, 1.0)
        y1 = rows[pick] - height * rng.uniform(0.2, 0.8)
        x1 = columns[pick] - width * rng.uniform(0.2, 0.8)
        return Rect(x1, y1, x1 + width, y1 + height)


def place(rect: Rect, canvas: tuple[int, int], rng: np.random.Generator) -> Matrix:
    """Fit `rect` into the middle of a canvas (height, width), a little turned, shifted, stretched.

    One picture in seven is turned steeply, up to 35 degrees.
    """
    height, width = canvas
    stretch = math.exp(rng.normal(0, 0.07))
    scale = min(height / rect.height, width / rect.width)
    steep = rng.random() < STEEP_SHARE
    angle = math.radians(rng.uniform(-35, 35) if steep else rng.normal(0, 5))
    sx, sy = scale * stretch, scale / stretch
    cos, sin = math.cos(angle), math.sin(angle)
    linear = np.array([[cos * sx, -sin * sy], [sin * sx, cos * sy]])
    shift = rng.uniform(-0.06, 0.06, 2) * (width, height)
    target = np.array([width / 2, height / 2]) + shift
    return np.column_stack([linear, target - linear @ rect.centre])


def warp(
    image: NDArray[np.uint8],
    label_map: NDArray[np.uint8],
    matrix: Matrix,
    canvas: tuple[int, int],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Picture and label map as a canvas (height, width) shows them; 255 outside the photo.

    A picture that shrinks is averaged down first, as serving does, so that it does not alias.
    """
    size = canvas[1], canvas[0]
    shrink = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    source, to_canvas = image, matrix
    if shrink < 0.9:
        height, width = image.shape[:2]
        small = max(1, round(width * shrink)), max(1, round(height * shrink))
        source = cv2.resize(image, small, interpolation=cv2.INTER_AREA).astype(np.uint8)
        to_canvas = _in_pixel_centres(matrix @ _scaling(width / small[0], height / small[1]))
    else:
        to_canvas = _in_pixel_centres(matrix)
    warped = cv2.warpAffine(
        source, to_canvas, size, flags=cv2.INTER_LINEAR, borderValue=(FILL, FILL, FILL)
    )
    labels = cv2.warpAffine(
        label_map,
        _in_pixel_centres(matrix),
        size,
        flags=cv2.INTER_NEAREST,
        borderValue=(IGNORE_INDEX,),
    )
    return warped.astype(np.uint8, copy=False), labels.astype(np.uint8, copy=False)


def cut_to(
    rect: Rect,
    matrix: Matrix,
    image: NDArray[np.uint8],
    label_map: NDArray[np.uint8],
    rng: np.random.Generator,
) -> None:
    """In a third of the pictures, fill what lies outside `rect`, in place, as a letterbox does."""
    if rng.random() >= CUT_SHARE:
        return
    corners = np.array(
        [[rect.x1, rect.y1], [rect.x2, rect.y1], [rect.x2, rect.y2], [rect.x1, rect.y2]]
    )
    outline = (corners @ matrix[:, :2].T + matrix[:, 2]).round().astype(np.int32)
    inside = cv2.fillConvexPoly(np.zeros(label_map.shape, np.uint8), outline, (1,)) > 0
    image[~inside] = FILL
    label_map[~inside] = IGNORE_INDEX


def _scaling(x: float, y: float) -> NDArray[np.float64]:
    return np.diag([x, y, 1.0])


def _in_pixel_centres(matrix: Matrix) -> Matrix:
    """The same map for OpenCV, whose integer coordinates are the centres of pixels."""
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return shifted
