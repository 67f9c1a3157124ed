"""The LIP layout on disk: pictures, label maps and id lists of a split.

As LIP itself is distributed (`TrainVal_images/train_images`, `TrainVal_parsing_annotations/
train_segmentations`, ...) or flat (`train_images`, `train_segmentations`, `train_id.txt`), which
is what `limn prepare` writes. A doubled top folder, as some archives unpack to, is accepted.
"""

from pathlib import Path

from training.datasets.dataset import ParsingDataset, Split
from training.datasets.listing import find_part, listed_samples, read_ids


def open_lip(root: Path, split: Split) -> ParsingDataset:
    """Find a split under `root`, in either layout; LIP's own test has no label maps.

    Raises:
        DatasetError: a folder, the id list or a file that the list names is missing.
    """
    ids_file = find_part(root, f"{split}_id.txt", f"TrainVal_images/{split}_id.txt")
    images = find_part(root, f"{split}_images", f"TrainVal_images/{split}_images")
    labels = find_part(
        root,
        f"{split}_segmentations",
        f"TrainVal_parsing_annotations/{split}_segmentations",
        f"TrainVal_parsing_annotations/TrainVal_parsing_annotations/{split}_segmentations",
    )
    samples = listed_samples(ids_file, read_ids(ids_file), images, labels)
    return ParsingDataset(root, split, samples)
