"""Give belts and jewellery the label of what they are worn on."""

import numpy as np
from scipy import ndimage

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.geometry import LabelMap, Mask

GARMENTS = np.array(
    [
        LIP.index(name)
        for name in ("upper-clothes", "dress", "coat", "pants", "jumpsuits", "skirt", "scarf")
    ],
    dtype=np.uint8,
)
"""uint8[G]: the classes a belt may be part of."""

SKIN_AND_GARMENTS = np.concatenate(
    [
        GARMENTS,
        np.array(
            [
                LIP.index(name)
                for name in (
                    "face",
                    "glove",
                    "socks",
                    "left-arm",
                    "right-arm",
                    "left-leg",
                    "right-leg",
                )
            ],
            dtype=np.uint8,
        ),
    ]
)
"""uint8[G]: the classes jewellery may be worn on, besides skin that is ignored."""


def fill(label_map: LabelMap, gaps: Mask, sources: Mask, reach: float) -> None:
    """Give each pixel of `gaps` the label of the nearest pixel of `sources`, in place.

    Args:
        label_map: uint8[H, W], class indices.
        gaps: the pixels to fill.
        sources: the pixels to copy from.
        reach: distance in pixels beyond which a gap becomes background.
    """
    if not gaps.any():
        return
    if not sources.any():
        label_map[gaps] = LIP.index("background")
        return
    distance, (rows, columns) = ndimage.distance_transform_edt(~sources, return_indices=True)
    nearest = label_map[rows[gaps], columns[gaps]]
    label_map[gaps] = np.where(distance[gaps] <= reach, nearest, LIP.index("background"))


def fill_accessories(
    label_map: LabelMap, belts: Mask, jewellery: Mask, skin: Mask, reach: float
) -> None:
    """Fill belts from garments, then jewellery from `skin` and garments, in place."""
    fill(label_map, belts, np.isin(label_map, GARMENTS), reach)
    worn_on = np.isin(label_map, SKIN_AND_GARMENTS) | (skin & (label_map == IGNORE_INDEX))
    fill(label_map, jewellery, worn_on, reach)
