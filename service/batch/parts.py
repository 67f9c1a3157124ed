"""Pictures in parts: one Parquet file each, which is also the record that they are done."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from service.batch.entries import Entry
from service.batch.outcome import Done, Outcome


@dataclass(frozen=True)
class Part:
    """Consecutive pictures of a source; `number` names the file, and no two have the same."""

    number: int
    entries: tuple[Entry, ...]


def cut(entries: Sequence[Entry], size: int, first: int) -> list[Part]:
    """Parts of `size` pictures, the last one of what is left, numbered from `first`."""
    return [
        Part(number, tuple(entries[start : start + size]))
        for number, start in enumerate(range(0, len(entries), size), start=first)
    ]


@dataclass
class OpenPart:
    """A part in the making: outcomes arrive in any order."""

    part: Part
    _outcomes: dict[str, Outcome] = field(default_factory=dict)
    _missing: int = field(init=False)

    def __post_init__(self) -> None:
        self._missing = len(self.part.entries)

    def add(self, outcome: Outcome) -> bool:
        """Take the outcome of one more picture; whether it was the last."""
        self._outcomes[outcome.id] = outcome
        self._missing -= 1
        return not self._missing

    @property
    def done(self) -> list[Done]:
        """Pictures with an answer, in the order of the part."""
        outcomes = [self._outcomes.get(entry.id) for entry in self.part.entries]
        return [outcome for outcome in outcomes if isinstance(outcome, Done)]
