"""PASCAL-Person-Part on disk: VOC photos of several persons, label maps and two id lists.

Label maps lie in `pascal_person_part_gt` or in `SegmentationPart`, lists are `train_id.txt` and
`val_id.txt`, or `train.txt` and `val.txt` in `pascal_person_part_trainval_list` (SSL fact sheet,
section 6.2). The papers' test set, 1,817 photos, is `val`.
"""

from pathlib import Path

from limn.labels import PASCAL_PERSON_PART
from training.datasets.dataset import ParsingDataset, Split
from training.datasets.listing import find_part, listed_samples, read_ids

LABEL_FOLDERS = ("pascal_person_part_gt", "SegmentationPart")
LIST_FOLDER = "pascal_person_part_trainval_list"


def open_pascal(root: Path, split: Split) -> ParsingDataset:
    """Raises DatasetError: a folder, the id list or a file that the list names is missing."""
    images = find_part(root, "JPEGImages")
    labels = find_part(root, *LABEL_FOLDERS)
    ids_file = find_part(root, f"{split}_id.txt", f"{LIST_FOLDER}/{split}.txt")
    samples = listed_samples(ids_file, read_ids(ids_file), images, labels)
    return ParsingDataset(root, split, samples, PASCAL_PERSON_PART)
