"""What a source lists: a name for the outputs of every picture, checked before anything is read."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from service.errors import UnreadableSource

OUTPUT_SUFFIX = ".png"

# Bytes: of one component, as file systems have it, and of all, so that the output folder fits in.
_MAX_COMPONENT = 255
_MAX_NAME = 2048

PICTURE_SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp"))
# Pictures that Limn does not read: listed too, so that the report names them.
_OTHER_SUFFIXES = frozenset(
    (".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".ppm")
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of a source; nothing has been read of it yet.

    Attributes:
        id: name of its outputs without suffix, relative, `/` between folders.
        name: as the source has it.
        offset, size: where its bytes are in an archive, in bytes.
        fault: why it must not be parsed, for the report; None where nothing is wrong.
    """

    id: str
    name: str
    offset: int = 0
    size: int = 0
    fault: str | None = None


def entry_of(
    name: str, output: str | None = None, offset: int = 0, size: int = 0, fault: str | None = None
) -> Entry:
    """The entry of a picture; one whose name is not safe to write under is marked as faulty.

    Args:
        name: as the source has it.
        output: name to derive that of the outputs from; `name` if not given.
    """
    path = name if output is None else output
    fault = fault or _unsafe(path)
    stem = printable(path) if fault else str(PurePosixPath(posixpath.splitext(path)[0]))
    return Entry(stem, name, offset, size, fault)


def is_picture(name: str) -> bool:
    """Whether a file or member is meant as a picture, by its suffix; hidden ones are not."""
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") and part not in (".", "..") for part in path.parts)
    return not hidden and path.suffix.lower() in PICTURE_SUFFIXES | _OTHER_SUFFIXES


def require_distinct(entries: Iterable[Entry]) -> None:
    """No two pictures may be written to one place.

    Raises:
        UnreadableSource: names the two.
    """
    sound = [entry for entry in entries if entry.fault is None]
    names: dict[str, str] = {}
    for entry in sound:
        output = entry.id + OUTPUT_SUFFIX
        if output in names:
            raise UnreadableSource(
                f"{printable(names[output])} and {entry.name} would both be written to {output}:"
                " rename one of them"
            )
        names[output] = entry.name
    for entry in sound:
        for folder in PurePosixPath(entry.id).parents:
            if str(folder) in names:
                raise UnreadableSource(
                    f"{names[str(folder)]} would be written to {folder}, which is a folder of"
                    f" {entry.name}: rename one of them"
                )


def _unsafe(name: str) -> str | None:
    """What is wrong with a name that outputs are to be written under."""
    if printable(name) != name:
        return "its name is not UTF-8"
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.name or "\0" in name:
        return "its name leads out of the output folder"
    output = posixpath.splitext(name)[0] + OUTPUT_SUFFIX
    longest = max(len(part.encode()) for part in PurePosixPath(output).parts)
    is_long = longest > _MAX_COMPONENT or len(output.encode()) > _MAX_NAME
    return "its name is too long" if is_long else None


def printable(name: str) -> str:
    """The name with bytes that are no UTF-8 written out."""
    return name.encode("utf-8", "backslashreplace").decode()
