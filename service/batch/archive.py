"""Pictures in a tar, compressed or not; read where they lie, never unpacked."""

import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path

from service.batch.entries import Entry, entry_of, is_picture, require_distinct
from service.batch.source import Read, require_size
from service.errors import UnreadableSource

_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, LZMAError)


@dataclass(frozen=True)
class ArchiveSource:
    """The pictures of a tar, in its order; a compressed one is read fast only in that order."""

    title: str
    path: Path
    entries: tuple[Entry, ...]

    @contextmanager
    def open(self, max_bytes: int) -> Iterator[Read]:
        """See `Source.open`."""
        with tarfile.open(self.path) as archive:

            def read(entry: Entry) -> bytes:
                require_size(entry.size, max_bytes)
                member = tarfile.TarInfo(entry.name)
                member.offset_data, member.size = entry.offset, entry.size
                file = archive.extractfile(member)
                assert file is not None, "a fresh TarInfo is a regular file"
                with file:
                    return file.read()

            yield read


def archive_source(path: Path) -> ArchiveSource:
    """List a tar by one pass over its headers; of members with one name the last counts.

    Names that would be written outside of the output folder, and members that are links, are
    listed as faulty.

    Raises:
        UnreadableSource: the tar is broken, or two pictures have one output.
    """
    entries: dict[str, Entry] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if not member.isdir() and is_picture(member.name):
                    entries[member.name] = _entry(member)
    except _BROKEN as error:
        raise UnreadableSource(
            f"{path} is broken or cut off after {len(entries)} pictures: {error}"
        ) from error
    if not entries:
        raise UnreadableSource(f"{path} holds no picture")
    require_distinct(entries.values())
    return ArchiveSource(str(path.resolve()), path.resolve(), tuple(entries.values()))


def _entry(member: tarfile.TarInfo) -> Entry:
    whole = member.isreg() and not member.issparse()
    return entry_of(
        member.name,
        offset=member.offset_data,
        size=member.size,
        fault=None if whole else "it is a link or a hole in the archive, not a file",
    )
