"""Pictures in a folder, or in a text file that lists them."""

import os
from collections.abc import Iterator
from pathlib import Path

from service.batch.entries import Entry, entry_of, is_picture, require_distinct
from service.batch.source import FileSource
from service.errors import UnreadableSource


def folder_source(root: Path, out: Path) -> FileSource:
    """Every picture below a folder, ordered by name; hidden ones and those in `out` left out.

    Links to files are followed, links to folders are not.

    Raises:
        UnreadableSource: a folder cannot be listed, or two pictures have one output.
    """
    root = root.resolve()
    try:
        names = sorted(_walk(root, out.resolve()))
    except OSError as error:
        raise UnreadableSource(f"cannot list {error.filename}: {error.strerror}") from error
    return files_source(str(root), root, [entry_of(name) for name in names])


def list_source(file: Path) -> FileSource:
    """A text file with one path per line, relative to its folder or absolute; repeats count once.

    Outputs are named by the path relative to the list's folder; by the absolute path, without its
    leading slash, where the picture lies elsewhere.

    Raises:
        UnreadableSource: it is no text, or two pictures have one output.
    """
    data = file.read_bytes()
    if b"\0" in data:
        raise UnreadableSource(f"{file} is neither a folder, a tar, nor a text file of paths")
    folder = file.resolve().parent
    lines = os.fsdecode(data.removeprefix(b"\xef\xbb\xbf")).split("\n")
    names = dict.fromkeys(line.removesuffix("\r") for line in lines if line.strip())
    entries = [entry_of(name, _place(folder, name)) for name in names]
    return files_source(str(file.resolve()), folder, entries)


def files_source(title: str, root: Path, entries: list[Entry]) -> FileSource:
    """The source of these entries; UnreadableSource where two have one output, or there is none."""
    if not entries:
        raise UnreadableSource(f"{title} holds no picture")
    require_distinct(entries)
    return FileSource(title, root, tuple(entries))


def _walk(root: Path, out: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root, onerror=_raise):
        here = Path(folder)
        folders[:] = [name for name in folders if not name.startswith(".") and here / name != out]
        for name in files:
            relative = (here / name).relative_to(root).as_posix()
            if is_picture(relative):
                yield relative


def _raise(error: OSError) -> None:
    raise error


def _place(folder: Path, name: str) -> str:
    """Where a picture lies, as a relative path."""
    path = Path(os.path.normpath(folder / name))
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return path.relative_to(path.anchor).as_posix()
