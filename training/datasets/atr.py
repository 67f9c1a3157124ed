"""ATR on disk: `humanparsing/JPEGImages` and `humanparsing/SegmentationClassAug`, and its split.

The papers use 16,000 pictures to train, 700 to validate and 1,000 to test, and no list is public
(SSL paper, section 4.1). Ours follows from the ids alone, so it is the same on every machine:
pictures in the order of a hash of their ids, test first, then val, then train.
"""

import hashlib
from pathlib import Path

from limn.labels import ATR
from training.datasets.dataset import ParsingDataset, Split
from training.datasets.listing import find_part, listed_samples
from training.errors import DatasetError

TRAIN, VAL, TEST = 16_000, 700, 1_000
SEED = "atr"


def open_atr(root: Path, split: Split) -> ParsingDataset:
    """Raises DatasetError: a folder is missing, or a picture without its label map."""
    images = find_part(root, "humanparsing/JPEGImages", "JPEGImages")
    labels = find_part(root, "humanparsing/SegmentationClassAug", "SegmentationClassAug")
    ids = split_ids([path.stem for path in images.glob("*.jpg")], split)
    if not ids:
        raise DatasetError(f"{images} has no pictures for {split}")
    return ParsingDataset(root, split, listed_samples(images, ids, images, labels), ATR)


def split_ids(ids: list[str], split: Split) -> list[str]:
    """The ids of a split, sorted; of fewer or more pictures than the papers', the same shares."""
    shuffled = sorted(ids, key=lambda name: hashlib.sha256(f"{SEED} {name}".encode()).digest())
    whole = TRAIN + VAL + TEST
    first, second = (round(len(ids) * count / whole) for count in (TEST, TEST + VAL))
    parts: dict[Split, list[str]] = {
        "test": shuffled[:first],
        "val": shuffled[first:second],
        "train": shuffled[second:],
    }
    return sorted(parts[split])
