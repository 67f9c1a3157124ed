"""Files that are there as a whole or not at all, whenever the process is killed."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from service.errors import BatchStopped


@dataclass(frozen=True)
class Scratch:
    """A folder on the output's own disk, in which files are written before they get their name.

    Whoever removes it has shut out every process that still writes through it: neither a new file
    nor a rename succeeds any more.
    """

    folder: Path

    def write(self, target: Path, data: bytes, durable: bool = False) -> None:
        """Put a file in its place; folders on the way are made.

        Args:
            durable: return only when it would survive a power failure too.

        Raises:
            BatchStopped: the disk is full, gone or closed to us, or another run has taken over.
        """
        waiting = self.folder / uuid4().hex
        try:
            try:
                with waiting.open("xb") as file:
                    file.write(data)
                    if durable:
                        file.flush()
                        os.fsync(file.fileno())
                target.parent.mkdir(parents=True, exist_ok=True)
                waiting.replace(target)
            finally:
                waiting.unlink(missing_ok=True)
            if durable:
                _sync(target.parent)
        except OSError as error:
            raise BatchStopped(f"cannot write {target}: {error.strerror}") from error

    def count(self, event: str) -> int:
        """Note that something happens, for all processes of the run; how often it has by now.

        Raises:
            BatchStopped: as `write`.
        """
        try:
            (self.folder / f"{event}.{uuid4().hex}").touch(exist_ok=False)
        except OSError as error:
            raise BatchStopped(f"cannot write to {self.folder}: {error.strerror}") from error
        return sum(1 for _ in self.folder.glob(f"{event}.*"))


def make_durable(files: Iterable[Path]) -> None:
    """Wait until files, and the folders that name them, would survive a power failure.

    Raises:
        BatchStopped: the disk fails.
    """
    files = list(files)
    try:
        for path in [*files, *{file.parent for file in files}]:
            _sync(path)
    except OSError as error:
        raise BatchStopped(f"cannot write {error.filename}: {error.strerror}") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
