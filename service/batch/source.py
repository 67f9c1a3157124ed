"""What every kind of source offers: a list of pictures in a fixed order, and their bytes."""

import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from limn.errors import ImageTooLarge
from service.batch.entries import Entry

Read = Callable[[Entry], bytes]
"""Bytes of a picture; OSError where there are none, ImageTooLarge where there are too many."""


class Source(Protocol):
    """A collection of pictures; can be pickled.

    Attributes:
        title: what and where it is, the same for the same collection.
        entries: all pictures, in a fixed order.
    """

    @property
    def title(self) -> str: ...

    @property
    def entries(self) -> Sequence[Entry]: ...

    def open(self, max_bytes: int) -> AbstractContextManager[Read]:
        """Start to read; entries in their order are read fastest."""
        ...


@dataclass(frozen=True)
class FileSource:
    """Pictures in files of their own, by names relative to `root`, or absolute ones."""

    title: str
    root: Path
    entries: tuple[Entry, ...]

    @contextmanager
    def open(self, max_bytes: int) -> Iterator[Read]:
        """See `Source.open`."""

        def read(entry: Entry) -> bytes:
            path = self.root / entry.name
            found = path.stat()
            # Reading a pipe would wait for a writer.
            if not stat.S_ISREG(found.st_mode):
                raise OSError("it is no file")
            require_size(found.st_size, max_bytes)
            return path.read_bytes()

        yield read


def require_size(size: int, max_bytes: int) -> None:
    """ImageTooLarge where a picture has more bytes than may be read."""
    if size > max_bytes:
        raise ImageTooLarge(f"the file has {size} bytes; the limit is {max_bytes}")
