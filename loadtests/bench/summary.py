"""Figures of several rounds as medians and ranges, and how peers compare round by round."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Self

Document = dict[str, Any]
Figure = Callable[[Document], float | None]


@dataclass(frozen=True)
class Spread:
    """The median of some figures, and the smallest and largest of them."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Self | None:
        """None where nothing was found, in a round that answered nothing."""
        found = [value for value in values if value is not None]
        return cls(median(found), min(found), max(found)) if found else None


def turns_of(turns: Sequence[Document], peer: str) -> list[Document]:
    """All rounds of a peer, in their order."""
    return sorted((turn for turn in turns if turn["peer"] == peer), key=lambda turn: turn["round"])


def entries(turns: Sequence[Document], kind: str, key: str) -> dict[float, list[Document]]:
    """By level or load: what all rounds found there, each with the ceiling of its turn.

    Args:
        kind: `closed`, `open` or `null`.
        key: what tells their levels, `in_flight` or `load`.
    """
    found: dict[float, list[Document]] = {}
    for turn in turns:
        for entry in turn[kind]:
            found.setdefault(entry[key], []).append(entry | {"ceiling": turn["ceiling"]})
    return found


def share_of_ceiling(entry: Document) -> float:
    """Of an entry, or of a turn by its maximum."""
    rate = entry["maximum"] if "maximum" in entry else entry["photos_per_second"]
    return float(rate / entry["ceiling"]["photos_per_second"])


def added_ms(turn: Document) -> float | None:
    """What the median answer to one request at a time takes beyond the bare loop on one core."""
    alone = min(turn["closed"], key=lambda entry: entry["in_flight"])
    p50 = alone["latency_ms"]["p50"]
    return None if p50 is None else p50 - turn["ceiling"]["alone_ms"]


def advantages(turns: Sequence[Document], first: str, other: str) -> list[float]:
    """How many times as fast `first` is, in each round, as shares of the ceilings beside them."""
    return [
        share_of_ceiling(mine) / share_of_ceiling(theirs)
        for mine, theirs in zip(turns_of(turns, first), turns_of(turns, other), strict=True)
    ]


def errors_of(found: Iterable[Document]) -> dict[str, int]:
    """Errors of several entries by their text."""
    total: dict[str, int] = {}
    for entry in found:
        for text, count in entry["errors"].items():
            total[text] = total.get(text, 0) + count
    return total
