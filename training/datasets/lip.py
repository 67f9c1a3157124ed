"""The LIP layout on disk: pictures, label maps and id lists of a split.

As LIP itself is distributed (`TrainVal_images/train_images`, `TrainVal_parsing_annotations/
train_segmentations`, ...) or flat (`train_images`, `train_segmentations`, `train_id.txt`), which
is what `limn prepare` writes. A doubled top folder, as some archives unpack to, is accepted.
"""

from pathlib import Path

from training.datasets.dataset import ParsingDataset, Sample, Split
from training.errors import DatasetError


def open_lip(root: Path, split: Split) -> ParsingDataset:
    """Find a split under `root`, in either layout.

    Raises:
        DatasetError: a folder, the id list or a file that the list names is missing.
    """
    if not root.is_dir():
        raise DatasetError(f"there is no folder {root}")
    ids_file = _first(root, f"{split}_id.txt", f"TrainVal_images/{split}_id.txt")
    images = _first(root, f"{split}_images", f"TrainVal_images/{split}_images")
    labels = _first(
        root,
        f"{split}_segmentations",
        f"TrainVal_parsing_annotations/{split}_segmentations",
        f"TrainVal_parsing_annotations/TrainVal_parsing_annotations/{split}_segmentations",
    )
    ids = [line.strip() for line in ids_file.read_text().splitlines() if line.strip()]
    if not ids:
        raise DatasetError(f"{ids_file} names no picture")
    samples = [Sample(name, images / f"{name}.jpg", labels / f"{name}.png") for name in ids]
    for sample in samples:
        for path in (sample.image, sample.labels):
            if not path.is_file():
                raise DatasetError(f"{ids_file} names {sample.id}, but there is no {path}")
    return ParsingDataset(root, split, samples)


def _first(root: Path, *candidates: str) -> Path:
    places = [place for name in candidates for place in (root / name, root / root.name / name)]
    for place in places:
        if place.exists():
            return place
    raise DatasetError(f"{root} has no {candidates[0]} (nor {', '.join(candidates[1:])})")
