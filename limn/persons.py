"""From a finder's boxes to the persons of a photo, each with a box that can be parsed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Box, Letterbox, Size

MARGIN = 0.1
"""Share of its sides that a found box is moved outwards by, on each side.

Boxes found end at the person, or cut off an arm; parsers were trained on crops that leave a tenth
around on average (`training.augment.view`). On every third photo of CCP's val, `mman` at scale 1
gets 52.3 % mIoU with this margin around found boxes, 51.4 % with half of it, 51.6 % with none.
"""


@dataclass(frozen=True)
class FoundPerson:
    """A box that ends where the person does, and how sure the finder is, from 0 to 1."""

    box: Box
    score: float


def persons_in(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    placed: Letterbox,
    threshold: float,
    overlap: float,
    most: int,
) -> tuple[FoundPerson, ...]:
    """Of what a finder sees on its canvas, the persons of the photo, from left to right.

    Args:
        boxes: float32[N, 4], (x1, y1, x2, y2) in canvas pixels.
        scores: float32[N].
        placed: how the photo was placed on the canvas.
        threshold: least score of a person.
        overlap: of two boxes with this intersection over union, the better one stays.
        most: the best so many stay.
    """
    sure = np.flatnonzero(scores >= threshold)
    kept: list[int] = []
    found: list[FoundPerson] = []
    for index in sure[np.argsort(-scores[sure], kind="stable")].tolist():
        box = in_photo(boxes[index], placed)
        if box is None or (overlaps(boxes[index], boxes[kept]) >= overlap).any():
            continue
        kept.append(index)
        found.append(FoundPerson(box, float(scores[index])))
        if len(found) == most:
            break
    return tuple(sorted(found, key=lambda person: person.box.x1 + person.box.x2))


def in_photo(box: NDArray[np.float32], placed: Letterbox) -> Box | None:
    """A box [4] on a canvas in pixels of the photo, cut off at its borders.

    None where less than a pixel of it lies in the photo, or where it is no numbers.
    """
    if not np.isfinite(box).all():
        return None
    height, width = placed.crop
    factor = np.array([width / placed.content[1], height / placed.content[0]])
    shift = np.array([placed.left, placed.top])
    x1, y1 = ((box[:2] - shift) * factor).clip(0, (width, height)).tolist()
    x2, y2 = ((box[2:] - shift) * factor).clip(0, (width, height)).tolist()
    return Box(x1, y1, x2, y2) if x2 - x1 >= 1 and y2 - y1 >= 1 else None


def with_margin(box: Box, photo: Size) -> Box:
    """A found box grown to what a parser should see, cut off at the borders of the photo."""
    height, width = photo
    across, down = MARGIN * (box.x2 - box.x1), MARGIN * (box.y2 - box.y1)
    return Box(
        max(0.0, box.x1 - across),
        max(0.0, box.y1 - down),
        min(float(width), box.x2 + across),
        min(float(height), box.y2 + down),
    )


def overlaps(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32[N]: intersection over union of a box [4] with others [N, 4]."""
    least = np.maximum(box[:2], others[:, :2])
    most = np.minimum(box[2:], others[:, 2:])
    shared = np.clip(most - least, 0, None).prod(axis=1)
    own = np.clip(box[2:] - box[:2], 0, None).prod()
    union = own + np.clip(others[:, 2:] - others[:, :2], 0, None).prod(axis=1) - shared
    found: NDArray[np.float32] = (shared / np.maximum(union, np.float32(1e-9))).astype(np.float32)
    return found
