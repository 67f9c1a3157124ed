"""What becomes of one picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from limn.errors import LimnError
from limn.geometry import Size
from limn.regions import ClassRegion
from service.problems import PROBLEMS

UNREADABLE = "unreadable"
UNSAFE = "not-acceptable"
INTERNAL = "internal"


@dataclass(frozen=True)
class Done:
    """A picture whose label map is written.

    Attributes:
        size: (H, W) of the upright photo.
        seconds: of work per stage, and under `total` of all there was between bytes and files.
    """

    id: str
    size: Size
    regions: Sequence[ClassRegion]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Bad:
    """A picture without answer: `problem` as the gateway's `type` ends, and what is wrong."""

    id: str
    name: str
    problem: str
    reason: str


Outcome = Done | Bad


def problem_of(error: Exception) -> tuple[str, str]:
    """The stable slug of what went wrong with a picture, and the words for it."""
    if isinstance(error, LimnError):
        return PROBLEMS[type(error)].slug, str(error)
    if isinstance(error, OSError):
        return UNREADABLE, error.strerror or str(error)
    return INTERNAL, f"{type(error).__name__}: {error}"
