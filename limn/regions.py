"""What a label map holds, region by region: area, box, confidence and outline of every class."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.geometry import Crop, Size
from limn.labels import RGB, LabelSet
from limn.rle import encode_mask

Outline = Literal["none", "rle", "polygons"]
Ring = list[list[int]]


@dataclass(frozen=True)
class ClassRegion:
    """All pixels of one class that belong to one person.

    Attributes:
        area: pixels.
        ratio: share of the person's foreground, 0 to 1.
        box: (x1, y1, x2, y2) in photo pixels, half open.
        confidence: mean winning score, 0 to 1.
        rle: COCO run-length encoding over the whole photo, if asked for.
        polygons: see `outline`, if asked for.
    """

    index: int
    name: str
    color: RGB
    area: int
    ratio: float
    box: tuple[int, int, int, int]
    confidence: float
    rle: dict[str, object] | None = None
    polygons: list[list[Ring]] | None = None


def regions_of(
    label_map: NDArray[np.uint8],
    confidence: NDArray[np.uint8],
    crop: Crop,
    photo: Size,
    label_set: LabelSet,
    outlines: Outline = "none",
) -> tuple[ClassRegion, ...]:
    """Regions of one person in the order of their class index; the background is none.

    Args:
        label_map: uint8[h, w] of the crop, 0 wherever the person is not.
        confidence: uint8[h, w], 255 is a score of 1.
        crop: where both are in the photo.
        photo: (H, W).
    """
    foreground = int(np.count_nonzero(label_map))
    regions = []
    for index in range(1, len(label_set)):
        mask = (label_map == index).view(np.uint8)
        x, y, width, height = cv2.boundingRect(mask)
        if not width:
            continue
        inside = slice(y, y + height), slice(x, x + width)
        mask = mask[inside]
        area = cv2.countNonZero(mask)
        top, left = crop.top + y, crop.left + x
        bounds = Crop(top, left, top + height, left + width)
        regions.append(
            ClassRegion(
                index=index,
                name=label_set.classes[index],
                color=label_set.colors[index],
                area=area,
                ratio=round(area / foreground, 6),
                box=(bounds.left, bounds.top, bounds.right, bounds.bottom),
                confidence=round(cv2.mean(confidence[inside], mask)[0] / 255, 4),
                rle=encode_mask(mask.view(np.bool_), bounds, photo) if outlines == "rle" else None,
                polygons=outline(mask, bounds) if outlines == "polygons" else None,
            )
        )
    return tuple(regions)


def outline(mask: NDArray[np.uint8], crop: Crop) -> list[list[Ring]]:
    """Polygons of a mask: one per connected part, each its outer ring and then one per hole.

    Rings run through the centres of the outermost pixels [x, y]; those of a hole through the
    pixels around it. Filling the rings by the even-odd rule and drawing them restores the mask.

    Args:
        mask: uint8[h, w], 0 or not.
        crop: where the mask is in the photo.
    """
    rings, hierarchy = cv2.findContours(
        mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(crop.left, crop.top)
    )
    polygons: dict[int, list[Ring]] = {}
    parents = np.asarray(hierarchy).reshape(-1, 4)[:, 3].tolist() if len(rings) else []
    for index, parent in enumerate(parents):
        if parent < 0:
            polygons[index] = [rings[index][:, 0].tolist()]
    for index, parent in enumerate(parents):
        if parent >= 0:
            polygons[parent].append(rings[index][:, 0].tolist())
    return list(polygons.values())
