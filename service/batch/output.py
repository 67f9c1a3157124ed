"""The folder a batch writes to: where things are in it, and what is finished."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

from service.batch.atomic import Scratch, make_durable
from service.batch.entries import OUTPUT_SUFFIX
from service.batch.outcome import Done
from service.batch.record import RECORD_FILE
from service.batch.table import ids_of, parquet
from service.errors import OutputRefused
from service.repository import ModelId

REPORT_FILE = "report.json"

_SCRATCH_FOLDER = ".partial"
_LOCK_FILE = ".lock"
_PART = "regions-"


@dataclass(frozen=True)
class Output:
    """A claimed output folder; can be pickled."""

    root: Path
    scratch: Scratch

    def write_labels(self, picture: str, png: bytes) -> None:
        """Write `labels/<id>.png`."""
        self.scratch.write(self._labels(picture), png)

    def write_overlay(self, picture: str, png: bytes) -> None:
        """Write `overlays/<id>.png`."""
        self.scratch.write(self._overlay(picture), png)

    def write_json(self, name: str, text: str) -> None:
        """Write a file at the top of the folder."""
        self.scratch.write(self.root / name, text.encode(), durable=True)

    def close_part(self, number: int, pictures: list[Done], model: ModelId, overlays: bool) -> None:
        """Record pictures as done, once their files are safe on the disk."""
        files = [self._labels(picture.id) for picture in pictures]
        if overlays:
            files += [self._overlay(picture.id) for picture in pictures]
        make_durable(files)
        target = self.root / f"{_PART}{number:06}.parquet"
        self.scratch.write(target, parquet(pictures, model), durable=True)

    def finished(self) -> tuple[set[str], int]:
        """Ids of the pictures in closed parts, and the number of the next part."""
        parts = sorted(self.root.glob(f"{_PART}*.parquet"))
        ids = {picture for part in parts for picture in ids_of(part)}
        return ids, max((int(part.stem.removeprefix(_PART)) + 1 for part in parts), default=0)

    def _labels(self, picture: str) -> Path:
        return self.root / "labels" / (picture + OUTPUT_SUFFIX)

    def _overlay(self, picture: str) -> Path:
        return self.root / "overlays" / (picture + OUTPUT_SUFFIX)


@contextmanager
def claimed(root: Path) -> Iterator[Output]:
    """Make the folder ours while the block runs; what an earlier run left half done is removed.

    Raises:
        OutputRefused: it holds something else, or another run is writing to it.
    """
    root = root.resolve()
    try:
        root.mkdir(parents=True, exist_ok=True)
        there = [path.name for path in root.iterdir() if not path.name.startswith(".")]
        if there and RECORD_FILE not in there:
            raise OutputRefused(f"{root} is not empty, and no output of `limn batch`")
        lock = (root / _LOCK_FILE).open("w")
    except OSError as error:
        raise OutputRefused(f"cannot write to {root}: {error.strerror}") from error
    with lock:
        _lock(root, lock.fileno())
        yield Output(root, Scratch(_fresh(root / _SCRATCH_FOLDER)))
        rmtree(root / _SCRATCH_FOLDER)


def _lock(root: Path, descriptor: int) -> None:
    """Hold a lock until the file is closed, which the end of the process does in any case."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OutputRefused(f"another run is writing to {root}") from None


def _fresh(folder: Path) -> Path:
    """An empty folder of a new name inside of `folder`, in place of all that is there.

    Workers that outlived an earlier run had a folder of their own, and find it gone.
    """
    folder.mkdir(exist_ok=True)
    for old in list(folder.iterdir()):
        # Under its new name nobody can add to it while it is being removed.
        rmtree(old.rename(folder / f"removed-{uuid4().hex}"))
    fresh = folder / uuid4().hex
    fresh.mkdir()
    return fresh
