"""The photos that a command names: files, folders, patterns, standard input."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePath

from limn.errors import InvalidParameter
from service.batch.entries import is_picture

STANDARD_INPUT = "-"

_MAGIC = frozenset("*?[")
"""Characters that make a name a pattern."""


@dataclass(frozen=True)
class Given:
    """One photo.

    Attributes:
        name: of its answer, relative and without a suffix.
        path: where it lies; None for standard input.
    """

    name: PurePath
    path: Path | None

    def read(self, standard_input: bytes) -> bytes:
        return standard_input if self.path is None else self.path.read_bytes()

    def __str__(self) -> str:
        return "standard input" if self.path is None else str(self.path)


def find(arguments: Sequence[str]) -> list[Given]:
    """Photos in the order in which they are named; those of a folder by name.

    A folder's photos keep their place below it, a pattern's theirs below its fixed part.

    Raises:
        InvalidParameter: an argument names nothing, or two photos would have one answer.
    """
    found = [given for argument in arguments for given in _of(argument)]
    name, count = Counter(given.name for given in found).most_common(1)[0]
    if count > 1:
        same = ", ".join(str(given) for given in found if given.name == name)
        raise InvalidParameter("photos", f"these have the same name: {same}")
    return found


def _of(argument: str) -> list[Given]:
    path = Path(argument)
    if argument == STANDARD_INPUT:
        return [Given(PurePath("photo"), None)]
    if path.is_dir():
        found = list(_below(path))
        if not found:
            raise InvalidParameter("photos", f"there is no photo in {path}")
        return found
    if path.exists():
        return [Given(PurePath(path.stem), path)]
    root = _fixed_part(path)
    if root == path:
        raise InvalidParameter("photos", f"there is no {path}")
    files = [match for match in sorted(root.glob(str(path.relative_to(root)))) if match.is_file()]
    if not files:
        raise InvalidParameter("photos", f"nothing matches {argument}")
    return [Given(match.relative_to(root).with_suffix(""), match) for match in files]


def _below(folder: Path) -> Iterator[Given]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if is_picture(path.name) and not hidden and path.is_file():
            yield Given(relative.with_suffix(""), path)


def _fixed_part(pattern: Path) -> Path:
    """The folders before the first one with a wildcard."""
    return Path(*takewhile(lambda part: not _MAGIC & set(part), pattern.parts))
