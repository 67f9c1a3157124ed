"""From the scores of a photo's persons, one after the other, to one label map of the photo."""

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.geometry import Crop, Letterbox, Size
from service.engines.scores import Scores


class Assembly:
    """A photo's label map in the making.

    Where crops overlap, foreground beats background and the higher score beats the lower; the
    earlier crop stays on a tie.

    Attributes:
        label_map: uint8[H, W].
        owner: uint8[H, W], 1 + index of the person that a foreground pixel belongs to, else 0;
            None where persons are not told apart.
        confidence: uint8[H, W], winning score of the foreground, 255 is 1; None like `owner`.
        colors: uint8[H, W, 3], of the label map, painted where its scores were; None where no
            palette was given, or the photo is more than one person.
    """

    def __init__(
        self, photo: Size, tells_apart: bool, palette: NDArray[np.uint8] | None = None
    ) -> None:
        """Background everywhere, (H, W).

        Args:
            tells_apart: whether there may be more than one person.
            palette: uint8[256, 3] RGB by the network's classes, where colours are wanted.
        """
        self._palette = palette
        self.colors: NDArray[np.uint8] | None = None
        self.label_map: NDArray[np.uint8] = np.zeros(photo, dtype=np.uint8)
        self.owner = np.zeros_like(self.label_map) if tells_apart else None
        self.confidence = np.zeros_like(self.label_map) if tells_apart else None

    def paste(self, index: int, crop: Crop, box: Letterbox, scores: Scores) -> None:
        """Choose the class of every pixel of a crop, and put the person into the photo.

        Args:
            index: number of the person.
            crop, box: where the crop is, and how it was placed on its canvas.
            scores: of the person's canvas.
        """
        region, inside = box.region(scores.grid), crop.slices
        if self.owner is None or self.confidence is None:
            if crop.size == self.label_map.shape and self._palette is not None:
                # Where the scores are, which may be a GPU.
                self.label_map, self.colors = scores.paint(crop.size, region, self._palette)
                return
            chosen = scores.choose(crop.size, region)
            if chosen.shape == self.label_map.shape:
                self.label_map = chosen
            else:
                self.label_map[inside] = chosen
            return
        labels, sure = scores.choose_with_confidence(crop.size, region)
        owner, confidence = self.owner[inside], self.confidence[inside]
        wins = (labels > 0) & ((owner == 0) | (sure > confidence))
        np.copyto(self.label_map[inside], labels, where=wins)
        np.copyto(confidence, sure, where=wins)
        np.copyto(owner, np.uint8(index + 1), where=wins)

    def translate(self, lookup: bytes) -> None:
        """Change into another label set, by a table uint8[256]."""
        table = np.frombuffer(lookup, dtype=np.uint8)
        self.label_map = np.asarray(cv2.LUT(self.label_map, table), dtype=np.uint8)
