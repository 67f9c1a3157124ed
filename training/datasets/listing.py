"""Finding the parts of a data set: folders, id lists, and the files that a list names."""

from collections.abc import Iterable
from pathlib import Path

from training.datasets.dataset import Sample
from training.errors import DatasetError


def find_part(root: Path, *candidates: str) -> Path:
    """The first of several places under `root` that exists; a doubled top folder is accepted.

    Raises:
        DatasetError: `root`, or every place in it, is missing.
    """
    if not root.is_dir():
        raise DatasetError(f"there is no folder {root}")
    places = [place for name in candidates for place in (root / name, root / root.name / name)]
    for place in places:
        if place.exists():
            return place
    others = f" (nor {', '.join(candidates[1:])})" if candidates[1:] else ""
    raise DatasetError(f"{root} has no {candidates[0]}{others}")


def read_ids(file: Path) -> list[str]:
    """Ids of a list, one a line: bare, or the first of several paths to the same picture.

    Raises:
        DatasetError: the list is empty.
    """
    lines = [line.split() for line in file.read_text().splitlines()]
    ids = [Path(words[0]).name.removesuffix(".jpg") for words in lines if words]
    if not ids:
        raise DatasetError(f"{file} names no picture")
    return ids


def listed_samples(source: Path, ids: Iterable[str], images: Path, labels: Path) -> list[Sample]:
    """`<images>/<id>.jpg` with `<labels>/<id>.png`.

    Raises:
        DatasetError: a picture that `source` names has no file.
    """
    samples = [Sample(name, images / f"{name}.jpg", labels / f"{name}.png") for name in ids]
    for sample in samples:
        for path in (sample.image, sample.labels):
            if not path.is_file():
                raise DatasetError(f"{source} names {sample.id}, but there is no {path}")
    return samples
