"""Where a person is in the photo, and how that part is placed on the network's canvas."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from limn.errors import InvalidParameter

Size = tuple[int, int]
"""(height, width) in pixels or cells."""

MAX_BOXES_TEXT = 20_000
"""Characters of a `boxes` parameter; enough for hundreds of boxes written in full precision."""

FIND_BOXES = "auto"
"""A `boxes` parameter in place of boxes: persons are to be found."""


@dataclass(frozen=True)
class Crop:
    """Whole pixels of a photo, half open: rows `top` to `bottom`, columns `left` to `right`."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def whole(cls, photo: Size) -> Self:
        return cls(0, 0, *photo)

    @property
    def size(self) -> Size:
        return self.bottom - self.top, self.right - self.left

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """x1, y1, x2, y2, as answers have it."""
        return self.left, self.top, self.right, self.bottom

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the crop in an array [H, W, ...]."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True)
class Box:
    """A person's box in photo pixels, half open: x1 <= x < x2, y1 <= y < y2."""

    x1: float
    y1: float
    x2: float
    y2: float

    def crop(self, photo: Size) -> Crop | None:
        """The box rounded outwards to whole pixels inside the photo; None where it misses it."""
        height, width = photo
        crop = Crop(
            max(0, math.floor(self.y1)),
            max(0, math.floor(self.x1)),
            min(height, math.ceil(self.y2)),
            min(width, math.ceil(self.x2)),
        )
        return crop if min(crop.size) > 0 else None


def parse_boxes(text: str, max_boxes: int) -> tuple[Box, ...]:
    """Boxes as a client writes them: JSON `[[x1, y1, x2, y2], ...]` in photo pixels.

    Raises:
        InvalidParameter: field `boxes`; the message names the box and what is wrong with it.
    """
    if len(text) > MAX_BOXES_TEXT:
        raise InvalidParameter("boxes", f"longer than {MAX_BOXES_TEXT} characters")
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidParameter(
            "boxes", "not JSON; write [[x1, y1, x2, y2], ...], or auto"
        ) from None
    if not isinstance(rows, list) or not rows:
        raise InvalidParameter("boxes", "write at least one box: [[x1, y1, x2, y2], ...]")
    if len(rows) > max_boxes:
        raise InvalidParameter("boxes", f"{len(rows)} boxes; at most {max_boxes} are accepted")
    return tuple(_box(row, f"boxes[{index}]") for index, row in enumerate(rows))


def _box(row: object, name: str) -> Box:
    if not isinstance(row, list) or len(row) != 4:
        raise InvalidParameter("boxes", f"{name}: four numbers x1, y1, x2, y2 are needed")
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in row):
        raise InvalidParameter("boxes", f"{name}: x1, y1, x2 and y2 must be numbers")
    # A JSON integer may be too large for a float; no photo is that large either.
    if any(not abs(value) <= 1e9 for value in row):
        raise InvalidParameter("boxes", f"{name}: a coordinate is not a finite pixel position")
    box = Box(*(float(value) for value in row))
    if not (box.x1 < box.x2 and box.y1 < box.y2):
        raise InvalidParameter("boxes", f"{name}: x1 < x2 and y1 < y2 must hold")
    return box


def crops_of(boxes: Sequence[Box], photo: Size) -> tuple[Crop, ...]:
    """One crop per box, or the whole photo where there are no boxes.

    Raises:
        InvalidParameter: field `boxes`; a box lies outside the photo.
    """
    if not boxes:
        return (Crop.whole(photo),)
    crops = []
    for index, box in enumerate(boxes):
        crop = box.crop(photo)
        if crop is None:
            raise InvalidParameter(
                "boxes",
                f"boxes[{index}]: outside the photo, which is {photo[1]} wide and {photo[0]} high",
            )
        crops.append(crop)
    return tuple(crops)


@dataclass(frozen=True)
class GridAxis:
    """Where the pixels along one axis of a photo fall on a grid of scores.

    Pixel i is at `edge + (i + 0.5) * step - 0.5`, where the centre of cell j is at j; clamped to
    the cells whose centre is between the edges of the photo: padding has no say.

    Attributes:
        pixels: side of the photo.
        edge: where it begins on the grid, in cells.
        step: cells per pixel.
        first, last: the cells that it is clamped to.
    """

    pixels: int
    edge: float
    step: float
    first: int
    last: int

    @classmethod
    def between(cls, first_edge: float, last_edge: float, pixels: int, cells: int) -> Self:
        """Of a photo that covers a grid of so many cells between two edges."""
        first, last = math.ceil(first_edge - 0.5), math.floor(last_edge - 0.5)
        if first > last:
            first = last = min(int((first_edge + last_edge) / 2), cells - 1)
        return cls(pixels, first_edge, (last_edge - first_edge) / pixels, first, last)

    @property
    def positions(self) -> NDArray[np.float64]:
        """float64[pixels]."""
        centres = self.edge + (np.arange(self.pixels) + 0.5) * self.step - 0.5
        return np.clip(centres, self.first, self.last)


@dataclass(frozen=True)
class Region:
    """Edges of a rectangle on a grid, in cells and fractions of them."""

    top: float
    left: float
    bottom: float
    right: float

    def axes(self, photo: Size, grid: Size) -> tuple[GridAxis, GridAxis]:
        """Where rows and columns of a photo (H, W) fall on the grid [h, w] that this is part of.

        Raises:
            ValueError: it is not.
        """
        rows = GridAxis.between(self.top, self.bottom, photo[0], grid[0])
        columns = GridAxis.between(self.left, self.right, photo[1], grid[1])
        if min(rows.first, columns.first) < 0 or rows.last >= grid[0] or columns.last >= grid[1]:
            raise ValueError(f"{self} is not inside a grid of {grid[0]}x{grid[1]}")
        return rows, columns


@dataclass(frozen=True)
class Letterbox:
    """Placement of a crop on a canvas: scaled with its aspect kept, centred, the rest padding.

    Attributes:
        crop: (height, width) of what is placed.
        canvas: (height, width) of the canvas.
        content: (height, width) of the crop on the canvas, whole pixels.
        top, left: padding before the content.
    """

    crop: Size
    canvas: Size
    content: Size
    top: int
    left: int

    @classmethod
    def fit(cls, crop: Size, canvas: Size) -> Self:
        """The largest content that fits; a very thin crop still gets one pixel."""
        scale = min(canvas[0] / crop[0], canvas[1] / crop[1])
        height, width = (
            min(max(1, round(side * scale)), room) for side, room in zip(crop, canvas, strict=True)
        )
        top, left = (canvas[0] - height) // 2, (canvas[1] - width) // 2
        return cls(crop, canvas, (height, width), top, left)

    def to_canvas(self, x: float, y: float) -> tuple[float, float]:
        """Canvas position of a crop position; whole numbers are pixel centres on both sides."""
        return (
            self.left + (x + 0.5) * self.content[1] / self.crop[1] - 0.5,
            self.top + (y + 0.5) * self.content[0] / self.crop[0] - 0.5,
        )

    def to_crop(self, x: float, y: float) -> tuple[float, float]:
        """Crop position of a canvas position, the inverse of `to_canvas`."""
        return (
            (x - self.left + 0.5) * self.crop[1] / self.content[1] - 0.5,
            (y - self.top + 0.5) * self.crop[0] / self.content[0] - 0.5,
        )

    def region(self, grid: Size) -> Region:
        """Edges of the content on a grid of scores [h, w] that covers the whole canvas."""
        per_row, per_column = grid[0] / self.canvas[0], grid[1] / self.canvas[1]
        return Region(
            self.top * per_row,
            self.left * per_column,
            (self.top + self.content[0]) * per_row,
            (self.left + self.content[1]) * per_column,
        )
