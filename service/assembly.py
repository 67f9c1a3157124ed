"""From the scores of a photo's persons to one label map of the photo."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.geometry import Crop, Letterbox, Size
from limn.ops.choose import upsample_and_choose, upsample_and_choose_with_confidence


@dataclass(frozen=True)
class Assembled:
    """The photo's label map, and where asked for whose pixel it is and how sure.

    Attributes:
        label_map: uint8[H, W].
        owner: uint8[H, W], 1 + index of the person that a foreground pixel belongs to, else 0;
            None for one person whose confidence was not asked for.
        confidence: uint8[H, W], winning score of the foreground, 255 is 1; None like `owner`.
    """

    label_map: NDArray[np.uint8]
    owner: NDArray[np.uint8] | None
    confidence: NDArray[np.uint8] | None

    def translated(self, lookup: bytes | None) -> "Assembled":
        """The same in another label set, by a table uint8[256]."""
        if lookup is None:
            return self
        table = np.frombuffer(lookup, dtype=np.uint8)
        label_map = np.asarray(cv2.LUT(self.label_map, table), dtype=np.uint8)
        return Assembled(label_map, self.owner, self.confidence)


def assemble(
    scores: NDArray[np.float32],
    crops: Sequence[Crop],
    boxes: Sequence[Letterbox],
    photo: Size,
    needs_confidence: bool,
) -> Assembled:
    """Choose the class of every pixel of each crop and paste the crops into the photo.

    Where crops overlap, foreground beats background and the higher score beats the lower; the
    earlier crop stays on a tie.

    Args:
        scores: float32[B, K, h, w], one per crop.
        crops, boxes: where each crop is, and how it was placed on its canvas.
        photo: (H, W).
    """
    grid = scores.shape[2], scores.shape[3]
    label_map = np.zeros(photo, dtype=np.uint8)
    if len(crops) == 1 and not needs_confidence:
        inside = crops[0].slices
        label_map[inside] = upsample_and_choose(scores[0], crops[0].size, boxes[0].region(grid))
        return Assembled(label_map, None, None)
    owner, confidence = np.zeros_like(label_map), np.zeros_like(label_map)
    for index, (crop, box) in enumerate(zip(crops, boxes, strict=True)):
        labels, sure = upsample_and_choose_with_confidence(
            scores[index], crop.size, box.region(grid)
        )
        # Where nobody has been pasted yet, the confidence is 0 and the owner too.
        wins = (labels > 0) & ((sure > confidence[crop.slices]) | (owner[crop.slices] == 0))
        np.copyto(label_map[crop.slices], labels, where=wins)
        np.copyto(confidence[crop.slices], sure, where=wins)
        np.copyto(owner[crop.slices], np.uint8(index + 1), where=wins)
    return Assembled(label_map, owner, confidence)
