"""Whether left and right in the label maps are the person's own, as every label set here means."""

import numpy as np
from numpy.typing import NDArray

from limn.labels import LabelSet
from training.errors import DatasetError

MIN_PICTURES = 5
"""Fewer prove nothing: legs cross, and some faces look over a shoulder."""


class SideTally:
    """Counts in how many pictures of a person who faces the camera left lies right of right."""

    def __init__(self, label_set: LabelSet) -> None:
        self.label_set = label_set
        self.face = label_set.classes.index("face") if "face" in label_set.classes else None
        self.right_way = 0
        self.wrong_way = 0

    def add(self, label_map: NDArray[np.uint8]) -> None:
        """One picture, uint8[H, W]; it has no say without a face and both of a pair."""
        if self.face is None or not (label_map == self.face).any():
            return
        votes = 0.0
        for left, right in self.label_set.left_right_pairs:
            offset = _middle(label_map, left) - _middle(label_map, right)
            votes += 0.0 if np.isnan(offset) else np.sign(offset)
        self.right_way += votes > 0
        self.wrong_way += votes < 0

    def check(self) -> None:
        """Raises DatasetError: in most pictures left and right are exchanged."""
        pictures = self.right_way + self.wrong_way
        if pictures >= MIN_PICTURES and self.wrong_way > self.right_way:
            raise DatasetError(
                f"left and right look swapped: in {self.wrong_way} of {pictures} pictures of a"
                " person who faces the camera, the left arm, leg or shoe lies at the picture's left"
            )


def _middle(label_map: NDArray[np.uint8], class_index: int) -> float:
    """Mean column of a class; nan where it is not shown."""
    columns = np.count_nonzero(label_map == class_index, axis=0)
    total = int(columns.sum())
    return float(columns @ np.arange(len(columns))) / total if total else float("nan")
