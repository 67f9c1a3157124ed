"""The annotated label maps that submissions are scored against, and that nobody is shown."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limn.errors import InvalidParameter
from limn.labels import LabelSet

PLACES = (
    "val_segmentations",
    "TrainVal_parsing_annotations/val_segmentations",
    ".",
)
"""Where label maps lie under the folder: LIP's layouts, or the folder itself."""


@dataclass(frozen=True)
class Truth:
    """Label maps by picture id.

    Attributes:
        label_set: what their indices mean.
        files: PNG of each id.
    """

    label_set: LabelSet
    files: dict[str, Path]

    def label_map(self, picture: str) -> NDArray[np.uint8]:
        """uint8[H, W] of class indices; what is no class is not scored."""
        with Image.open(self.files[picture]) as stored:
            return np.asarray(stored, dtype=np.uint8)


def find_truth(folder: Path, label_set: LabelSet) -> Truth:
    """Raises InvalidParameter: the folder is not there, or holds no label map that can be read."""
    if not folder.is_dir():
        raise InvalidParameter("truth", f"there is no folder {folder}")
    for place in PLACES:
        files = {path.stem: path for path in sorted((folder / place).glob("*.png"))}
        if files:
            _check_one(next(iter(files.values())))
            return Truth(label_set, files)
    raise InvalidParameter("truth", f"{folder} holds no PNG, nor does {', nor '.join(PLACES[:-1])}")


def _check_one(path: Path) -> None:
    with Image.open(path) as stored:
        if stored.mode not in ("L", "P"):
            raise InvalidParameter(
                "truth", f"{path} is of mode {stored.mode}, not one byte of class index per pixel"
            )
