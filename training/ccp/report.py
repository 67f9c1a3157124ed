"""The README of the converted data set: source, licence, what is in it and what is not."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.geometry import LabelMap

PixelCounts = NDArray[np.int64]
"""int64[256]: pixels of one label map by class index."""


def count_pixels(label_map: LabelMap) -> PixelCounts:
    """int64[256]: pixels by class index."""
    return np.bincount(label_map.ravel(), minlength=256).astype(np.int64)


@dataclass(frozen=True)
class Tally:
    """What the label maps of one subset hold.

    Attributes:
        pixels: int64[256], pixels by class index over all images.
        images: int64[256], images that show the class.
        image_count: images in the subset.
    """

    pixels: PixelCounts
    images: PixelCounts
    image_count: int

    @classmethod
    def of(cls, counts: list[PixelCounts]) -> "Tally":
        """Add up the pixel counts of every image."""
        table = np.stack(counts)
        return cls(table.sum(axis=0), (table > 0).sum(axis=0), len(counts))

    def share(self, class_index: int) -> float:
        """Share of all pixels, 0 to 1."""
        return float(self.pixels[class_index] / self.pixels.sum())


def readme(tallies: Mapping[str, Tally], excluded: Mapping[str, str]) -> str:
    """Markdown text.

    Args:
        tallies: what the subsets hold, by name.
        excluded: the reason by id for every photo left out.
    """
    subsets = list(tallies)
    header = [
        "index",
        "class",
        *(f"{s} pixels" for s in subsets),
        *(f"{s} images" for s in subsets),
    ]
    rows = [
        [
            str(class_index),
            class_name,
            *(f"{tally.share(class_index):.3%}" for tally in tallies.values()),
            *(str(tally.images[class_index]) for tally in tallies.values()),
        ]
        for class_index, class_name in [*enumerate(LIP.classes), (IGNORE_INDEX, "ignore")]
    ]
    lines = [
        "# Clothing Co-Parsing with LIP's 20 labels",
        "",
        "Made by `limn prepare ccp` from the Clothing Co-Parsing data set (Yang, Luo, Lin:",
        "Clothing Co-Parsing by Joint Image Segmentation and Labeling, CVPR 2014),",
        "github.com/bearpaw/clothing-co-parsing, Apache License 2.0. The photos are unchanged;",
        "the label maps are derived from the pixel-level annotations and from landmarks found with",
        "MediaPipe Pose 0.10.21. Left and right are the person's own.",
        "",
        *(f"- {subset}: {tally.image_count} images" for subset, tally in tallies.items()),
        "",
        "## Left out",
        "",
        *(f"- {photo_id}: {reason}" for photo_id, reason in excluded.items()),
        "",
        "## Classes",
        "",
        "Share of all pixels, and images that show the class.",
        "",
        *(f"| {' | '.join(cells)} |" for cells in [header, ["---"] * len(header), *rows]),
        "",
    ]
    return "\n".join(lines)
