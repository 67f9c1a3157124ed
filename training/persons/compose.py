"""Photos of several persons with their boxes, composed from cut-out persons and empty places."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.geometry import Size
from training.augment import photometric
from training.persons.cutouts import Annotated, Cutout, Image, Mask, reduced
from training.synthetic.places import drawn_background, without_person

LEAST_UNCOVERED = 0.3
"""Share of a person inside the photo that must be visible for a box; others are left out."""
LEAST_SHOWN = 0.1
"""The same share of the whole cut-out: a hand at the border is nobody to be found."""

LEAST_PIXELS = 64
"""Less of a person than this is a speck."""

COUNT_SHARES = (0.1, 0.26, 0.22, 0.16, 0.11, 0.08, 0.04, 0.03)
"""How often there are 0, 1, 2, ... persons in a training photo."""

BEHIND_SHARE = 0.7
"""How often those who are put into a photo stand behind the persons in it."""
IN_DEPTH_SHARE = 0.75
"""How often the larger of those put into a photo is in front, as perspective has it."""

LARGEST_PART = 0.9
"""Of the photo's height, for persons who are cut off by the border of their own photo."""

Owner = NDArray[np.int16]
"""int16[H, W]: 1 + number of the person that a pixel shows, else 0."""


class Composed(NamedTuple):
    """A photo uint8[H, W, 3] and boxes float32[N, 4] (x1, y1, x2, y2) of its visible persons."""

    image: Image
    boxes: NDArray[np.float32]


@dataclass(frozen=True)
class Placed:
    """A cut-out as it stands in a photo.

    Attributes:
        image, mask: of the photo's size.
        inside: pixels of it inside the photo, were nobody in front of it.
        area: pixels of all of it.
    """

    image: Image
    mask: Mask
    inside: float
    area: float

    def behind(self, front: Mask) -> "Placed":
        """The same, covered by what is in front."""
        return replace(self, mask=self.mask & ~front)


@dataclass(frozen=True)
class Material:
    """What photos are composed of."""

    cutouts: Sequence[Cutout]
    photos: Sequence[Annotated]

    def compose(
        self, size: Size, count: int, rng: np.random.Generator, real_share: float = 0.3
    ) -> Composed:
        """A photo of `count` persons, fewer where some would be hidden by others.

        In `real_share` of the photos one to three of the persons stand in their own photos, side
        by side: their outlines are not those of scissors.
        """
        real = (
            min(count, int(rng.integers(1, 4))) if self.photos and rng.random() < real_share else 0
        )
        image, owner = self._standing(size, real, rng) if real else self._place(size, rng)
        image = self._clutter(image, rng)
        persons = [owner == number + 1 for number in range(real)]
        areas = [float(mask.sum()) for mask in persons]
        placed = self._placed(size, count - real, rng)
        if real and rng.random() < BEHIND_SHARE:
            placed = [one.behind(owner > 0) for one in placed]
        hidden = _hidden(owner, persons, areas, placed)
        placed = [one for one, is_hidden in zip(placed, hidden, strict=True) if not is_hidden]
        for number, one in enumerate(placed, start=real + 1):
            image = _pasted(image, one, rng)
            owner = np.where(one.mask, np.int16(number), owner)
        return Composed(image, _boxes(owner, real + len(placed)))

    def background(self, size: Size, rng: np.random.Generator) -> Image:
        """uint8[H, W, 3] of a place without its person, one in five a drawn one."""
        if not self.photos or rng.random() < 0.2:
            picture = drawn_background(int(rng.integers(1 << 31)))
        else:
            photo = self.photos[int(rng.integers(len(self.photos)))]
            picture = without_person(photo.image, photo.mask)
        if rng.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
        if size[1] > 0.8 * size[0]:
            # A place is narrow: with its mirror images it is as wide as a landscape.
            picture = np.concatenate([picture, picture[:, ::-1], picture], axis=1)
        return _window(picture, size, rng)

    def _place(self, size: Size, rng: np.random.Generator) -> tuple[Image, Owner]:
        return self.background(size, rng), np.zeros(size, np.int16)

    def _standing(self, size: Size, count: int, rng: np.random.Generator) -> tuple[Image, Owner]:
        """Real photos side by side, each with its person."""
        image, owner = np.empty((*size, 3), np.uint8), np.zeros(size, np.int16)
        edges = np.linspace(0, size[1], count + 1).astype(int)
        for number, (left, right) in enumerate(pairwise(edges.tolist()), start=1):
            photo = self.photos[int(rng.integers(len(self.photos)))]
            part, mask = _view(photo, (size[0], right - left), rng)
            image[:, left:right] = part
            owner[:, left:right] = np.where(mask, np.int16(number), np.int16(0))
        return image, owner

    def _placed(self, size: Size, count: int, rng: np.random.Generator) -> list[Placed]:
        """Persons from back to front."""
        if count <= 0:
            return []
        portrait = count <= 2 and rng.random() < 0.3
        # So many, that high, must find room beside each other, if not without covering some.
        room = 5.0 * size[1] / (size[0] * count)
        most = 2.4 if portrait else min(1.1, room)
        least = min(1.1 if portrait else 0.18, most)
        common = np.exp(rng.uniform(np.log(least), np.log(most)))
        ground = rng.uniform(0.75, 1.05)
        order = rng.permutation(count)
        placed = []
        for turn in range(count):
            cutout = self.cutouts[int(rng.integers(len(self.cutouts)))]
            height = size[0] * common * float(np.exp(rng.normal(0, 0.15)))
            # Along the photo each has a part of it, with some freedom.
            x = size[1] * (order[turn] + 0.5 + rng.normal(0, 0.3)) / count
            top = size[0] * rng.uniform(0.02, 0.3) if portrait else None
            if cutout.reaches_bottom:
                # A head or a bust already: twice that would be a cheek.
                height = min(height, LARGEST_PART * size[0])
            bottom = size[0] * (ground + rng.normal(0, 0.08))
            placed.append(_place_one(cutout, size, height, x, top, bottom, rng))
        if rng.random() < IN_DEPTH_SHARE:
            placed.sort(key=lambda one: one.area)
        return placed

    def _clutter(self, image: Image, rng: np.random.Generator) -> Image:
        """Things that are nobody, with edges like those of pasted persons."""
        for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.6 else 0):
            size = image.shape[0], image.shape[1]
            mask = np.zeros(size, np.uint8)
            centre = int(rng.integers(size[1])), int(rng.integers(size[0]))
            axes = tuple(int(v) for v in rng.uniform(0.03, 0.25, 2) * size)
            if rng.random() < 0.5:
                turn = float(rng.uniform(0, 180))
                cv2.ellipse(mask, centre, axes, turn, 0, 360, (1,), -1)
            else:
                far = centre[0] + axes[0], centre[1] + 2 * axes[1]
                cv2.rectangle(mask, centre, far, (1,), -1)
            thing = Placed(self.background(size, rng), mask > 0, 0, 0)
            image = _pasted(image, thing, rng)
        return image


def camera(image: Image, rng: np.random.Generator) -> Image:
    """Light, colour, grey, blur, noise and JPEG, mild enough to leave small persons visible."""
    if rng.random() < 0.8:
        image = photometric.light_and_colour(image, rng)
    if rng.random() < 0.12:
        image = photometric.grey(image)
    if rng.random() < 0.25:
        image = photometric.gaussian_blur(image, float(rng.uniform(0.4, 1.5)))
    if rng.random() < 0.15:
        image = photometric.noise(image, float(rng.uniform(2, 12)), rng)
    if rng.random() < 0.3:
        image = photometric.jpeg(image, int(rng.integers(25, 85)))
    return image


def _window(picture: Image, size: Size, rng: np.random.Generator) -> Image:
    """A part of a picture with the aspect of `size`, resized to it."""
    height, width = picture.shape[:2]
    scale = min(height / size[0], width / size[1]) * rng.uniform(0.6, 1.0)
    rows, columns = max(1, int(scale * size[0])), max(1, int(scale * size[1]))
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    part = picture[top : top + rows, left : left + columns]
    interpolation = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    return cv2.resize(part, (size[1], size[0]), interpolation=interpolation).astype(np.uint8)


def _view(photo: Annotated, size: Size, rng: np.random.Generator) -> tuple[Image, Mask]:
    """A real photo and its mask, reflected at its borders, the person about in the middle."""
    height, width = photo.mask.shape
    scale = max(size[0] / height, size[1] / width) * rng.uniform(0.6, 1.4)
    columns = np.flatnonzero(photo.mask.any(axis=0))
    middle = float(columns.mean()) if columns.size else width / 2
    x = size[1] * rng.uniform(0.4, 0.6) - scale * middle
    y = (size[0] - scale * height) * rng.uniform(0, 1)
    small = reduced(photo.image, scale)
    shown = reduced(photo.mask.astype(np.uint8), scale) if scale < 1 else photo.mask
    rest = max(1.0, scale)
    matrix = np.array([[rest, 0, x], [0, rest, y]])
    if rng.random() < 0.5:
        matrix[0] = (-rest, 0, size[1] - x)
    target = size[1], size[0]
    image = cv2.warpAffine(small, matrix, target, borderMode=cv2.BORDER_REFLECT)
    mask = cv2.warpAffine(shown.astype(np.uint8), matrix, target, flags=cv2.INTER_NEAREST)
    # Reflected, a person would be there twice: what lies beyond the photo is smeared instead.
    inside = cv2.warpAffine(np.ones(small.shape[:2], np.uint8), matrix, target)
    if not inside.all():
        smeared = cv2.warpAffine(small, matrix, target, borderMode=cv2.BORDER_REPLICATE)
        image = np.where(inside[..., np.newaxis] > 0, image, smeared)
    return image.astype(np.uint8), mask > 0


def _place_one(
    cutout: Cutout,
    size: Size,
    height: float,
    x: float,
    top: float | None,
    bottom: float,
    rng: np.random.Generator,
) -> Placed:
    """A cut-out `height` pixels high with its middle at `x`, standing at `bottom`."""
    scale = height / cutout.mask.shape[0]
    image = reduced(cutout.image, scale)
    mask = reduced(cutout.mask.astype(np.uint8) * np.uint8(255), scale)
    rest = height / image.shape[0]
    if cutout.reaches_bottom and top is None and rng.random() < 0.8:
        # What is below was never seen: it must not be seen here.
        bottom = size[0] + rng.uniform(0, 0.1) * height
    y = bottom - height if top is None else top
    if rng.random() < 0.3:
        image = photometric.light_and_colour(image, rng)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    turn = np.deg2rad(rng.normal(0, 4))
    linear = rest * np.array(
        [[np.cos(turn) * mirror, -np.sin(turn)], [np.sin(turn) * mirror, np.cos(turn)]]
    )
    middle = np.array([image.shape[1] / 2, image.shape[0] / 2])
    matrix = np.column_stack([linear, np.array([x, y + height / 2]) - linear @ middle])
    target = size[1], size[0]
    shown = cv2.warpAffine(image, matrix, target, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(mask, matrix, target) > 127
    area = float((mask > 127).sum()) * rest**2
    return Placed(shown.astype(np.uint8), inside, float(inside.sum()), area)


def _pasted(image: Image, one: Placed, rng: np.random.Generator) -> Image:
    softness = float(rng.uniform(0.4, 1.1))
    alpha = cv2.GaussianBlur(one.mask.astype(np.float32), (0, 0), softness)[..., np.newaxis]
    return (one.image * alpha + image * (1 - alpha) + 0.5).astype(np.uint8)


def _hidden(
    owner: Owner, standing: Sequence[Mask], areas: Sequence[float], placed: Sequence[Placed]
) -> list[bool]:
    """Which of the placed persons must be left out: too little of them, or of others, shows."""
    hidden = []
    front: Mask = np.zeros(owner.shape, np.bool_)
    # From front to back: who is left out covers nobody.
    for one in reversed(placed):
        seen = float((one.mask & ~front).sum())
        least = max(LEAST_UNCOVERED * one.inside, LEAST_SHOWN * one.area, LEAST_PIXELS)
        leave = seen < least
        if not leave:
            grown = front | one.mask
            leave = any(
                float((mask & ~grown).sum()) < LEAST_UNCOVERED * area
                for mask, area in zip(standing, areas, strict=True)
            )
            front = front if leave else grown
        hidden.append(bool(leave))
    return hidden[::-1]


def _boxes(owner: Owner, count: int) -> NDArray[np.float32]:
    """float32[N, 4] around the visible pixels of each person."""
    boxes = []
    for number in range(1, count + 1):
        mask = owner == number
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if rows.size:
            boxes.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return np.array(boxes, np.float32).reshape(-1, 4)
