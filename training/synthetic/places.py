"""Places to put a person in: CCP photos without their person, or drawn ones."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.ccp.selection import select
from training.ccp.source import Source, read_annotation, read_photo, read_source
from training.synthetic.arrays import ImageU8, as_bytes
from training.synthetic.description import Place

_CACHED_PHOTOS = 16
_CLOTHES = (
    "blazer", "blouse", "cardigan", "coat", "dress", "jacket", "jeans", "pants", "shirt", "skirt",
    "sweater", "t-shirt", "top",
)  # fmt: skip
_PATCH = 48


class Places:
    """Backgrounds and cloth from the training photos of CCP; drawn ones where there is none."""

    def __init__(self, ccp: Path | None) -> None:
        self._source: Source | None = None if ccp is None else read_source(ccp)
        self.photos: tuple[str, ...] = ()
        if self._source is not None:
            # Photos that models are validated on must not come back in training pictures.
            self.photos = select(self._source.split)[0]["train"]
        self._read = lru_cache(maxsize=_CACHED_PHOTOS)(self._read_photo)

    def background(self, place: Place, size: tuple[int, int]) -> ImageU8:
        """uint8[height, width, 3] of a described place."""
        if place.photo is None:
            picture = drawn_background(place.seed)
        else:
            photo, annotation = self._read(place.photo)
            picture = without_person(photo, np.greater(annotation, 0))
        if place.mirrored:
            picture = np.ascontiguousarray(picture[:, ::-1])
        picture = _cropped(picture, place.crop, size)
        if place.blur > 0:
            picture = as_bytes(cv2.GaussianBlur(picture, (0, 0), place.blur))
        return picture

    def cloth(self, photo: str, seed: int) -> ImageU8 | None:
        """A square of cloth uint8[48, 48, 3] of a photo's clothes; none where all is narrower."""
        if self._source is None:
            return None
        picture, annotation = self._read(photo)
        wanted = [self._source.class_names.index(name) for name in _CLOTHES]
        inside = [
            cv2.erode(
                (annotation == label).astype(np.uint8),
                np.ones((_PATCH + 4, _PATCH + 4), np.uint8),
                borderValue=0,
            )
            for label in wanted
        ]
        rows, columns = np.nonzero(np.max(inside, axis=0))
        if not len(rows):
            return None
        chosen = np.random.default_rng(seed).integers(len(rows))
        top, left = rows[chosen] - _PATCH // 2, columns[chosen] - _PATCH // 2
        return _evenly_lit(picture[top : top + _PATCH, left : left + _PATCH])

    def _read_photo(self, photo: str) -> tuple[ImageU8, NDArray[np.uint8]]:
        assert self._source is not None
        bgr = read_photo(self._source.photo_path(photo))
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8)
        return rgb, read_annotation(self._source, photo)


def without_person(photo: ImageU8, person: NDArray[np.bool_]) -> ImageU8:
    """The photo with what lies beside the person mirrored into where they stood.

    In every row the hole is filled from both sides with their mirror images, which fade into
    each other in its middle: texture stays texture, where inpainting would smear it.
    """
    height, width = person.shape
    rows = np.flatnonzero(person.any(axis=1))
    if not len(rows):
        return photo
    grown = cv2.dilate(person.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    has = grown.any(axis=1)
    left = np.where(has, grown.argmax(axis=1), width // 2).astype(np.float32)
    right = np.where(has, width - grown[:, ::-1].argmax(axis=1), width // 2).astype(np.float32)
    # Rows must agree on where they mirror, or vertical lines fray.
    window = np.ones(81, dtype=np.uint8)[:, None]
    left = cv2.blur(cv2.erode(left[:, None], window), (1, 81))[:, 0]
    right = cv2.blur(cv2.dilate(right[:, None], window), (1, 81))[:, 0]
    left, right = np.clip(left, 8, width - 9), np.clip(right, 8, width - 9)
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    from_left = _bounced(2 * left[:, None] - x, left[:, None])
    from_right = (
        width
        - 1
        - _bounced(2 * (width - 1 - right)[:, None] - (width - 1 - x), (width - 1 - right)[:, None])
    )
    sides = [
        cv2.remap(
            photo, place.astype(np.float32), y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        for place in (from_left, from_right)
    ]
    middle = ((left + right) / 2)[:, None]
    share = np.clip((x - middle) / 40 + 0.5, 0, 1)[..., None]
    filled = sides[0] * (1 - share) + sides[1] * share
    hole = np.clip((x - left[:, None]) / 6, 0, 1) * np.clip((right[:, None] - x) / 6, 0, 1)
    hole = (hole * _has_near(np.asarray(has), 40)[:, None])[..., None]
    return as_bytes(photo * (1 - hole) + filled * hole)


def _bounced(place: NDArray[np.float32], edge: NDArray[np.float32]) -> NDArray[np.float32]:
    """Positions below `edge`, mirrored at 0 as often as needed to stay in [0, edge]."""
    folded: NDArray[np.float32] = np.abs(np.mod(place + edge, 2 * edge) - edge)
    return folded


def _has_near(has: NDArray[np.bool_], reach: int) -> NDArray[np.float32]:
    """float32[H]: 1 where a row or one near it is true."""
    grown = cv2.dilate(has.astype(np.uint8)[:, None], np.ones((2 * reach + 1, 1), np.uint8))
    return grown[:, 0].astype(np.float32)


def drawn_background(seed: int) -> ImageU8:
    """uint8[512, 512, 3]: a wall or a sky over a ground, with soft shapes; not a photo."""
    random = np.random.default_rng(seed)
    height = width = 512
    horizon = int(height * random.uniform(0.45, 0.8))
    picture = np.empty((height, width, 3), dtype=np.float32)
    wall, ground = random.uniform(60, 235, 3), random.uniform(50, 190, 3)
    wall = wall.mean() + 0.4 * (wall - wall.mean())
    ground = ground.mean() + 0.3 * (ground - ground.mean())
    picture[:horizon], picture[horizon:] = wall, ground
    for _ in range(random.integers(4, 14)):
        left, bottom = random.integers(-80, width), horizon + random.integers(-10, 20)
        size = random.integers(20, 180), random.integers(30, 320)
        color = (wall + random.normal(0, 30) + random.normal(0, 8, 3)).tolist()
        cv2.rectangle(
            picture,
            (int(left), int(bottom - size[1])),
            (int(left + size[0]), int(bottom)),
            color,
            -1,
        )
    for cells in (6, 40):
        grid = random.normal(0, 4, (cells, cells)).astype(np.float32)
        picture += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    blurred = cv2.GaussianBlur(picture, (0, 0), random.uniform(1, 4))
    return as_bytes(blurred)


def sky_of(background: ImageU8) -> NDArray[np.float32]:
    """float32[16, 32, 3] linear: the place as the sphere around it, mean brightness 1."""
    linear = (background.astype(np.float32) / 255) ** 2.2
    half = cv2.resize(linear, (16, 16), interpolation=cv2.INTER_AREA)
    around = np.concatenate([half, half[:, ::-1]], axis=1)
    soft = cv2.GaussianBlur(around, (0, 0), 2.0, borderType=cv2.BORDER_REFLECT)
    gray = soft.mean(axis=2, keepdims=True)
    # The place tints the light; white balance takes most of that away again.
    pale = gray + 0.5 * (soft - gray)
    sky: NDArray[np.float32] = (pale / max(float(pale.mean()), 1e-3)).astype(np.float32)
    return sky


def _cropped(picture: ImageU8, crop: tuple[float, float, float], size: tuple[int, int]) -> ImageU8:
    """The part that starts at (left, top) and is `width` wide, in shares of the picture."""
    left, top, share = crop
    height, width = picture.shape[:2]
    scale = min(share * width / size[1], height / size[0])
    cut_width, cut_height = scale * size[1], scale * size[0]
    x, y = left * (width - cut_width), top * (height - cut_height)
    matrix = np.array([[1 / scale, 0, -x / scale], [0, 1 / scale, -y / scale]])
    if scale > 1.5:
        picture = cv2.GaussianBlur(picture, (0, 0), scale / 2.5).astype(np.uint8)
    cut = cv2.warpAffine(
        picture, matrix, (size[1], size[0]), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return cut.astype(np.uint8)


def _evenly_lit(patch: ImageU8) -> ImageU8:
    """The patch less its slow changes of brightness, so that it can repeat."""
    picture = patch.astype(np.float32) + 1
    slow = cv2.GaussianBlur(picture.mean(axis=2), (0, 0), _PATCH / 4)
    even = picture * (slow.mean() / slow)[..., None]
    return as_bytes(even)
