"""One run of one target: what libFuzzer's log says of it."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fuzz.target import Target

_PROGRESS = re.compile(r"^#(\d+)\t.*cov: (\d+) ft: (\d+) corp: (\d+)/", re.MULTILINE)
_DONE = re.compile(r"^Done (\d+) runs in (\d+) second", re.MULTILINE)


@dataclass(frozen=True)
class Campaign:
    """What a run did.

    Attributes:
        seconds: None where it ended before its time, on a finding.
        edges: of our code and the parsers below it, that some input took.
        kept: inputs of the corpus, each of which takes something that no other does.
        found: names of the inputs that are findings, of earlier runs too.
    """

    target: str
    date: str
    seconds: int | None
    executions: int
    edges: int
    kept: int
    found: Sequence[str]

    def document(self) -> dict[str, Any]:
        return asdict(self)

    def line(self) -> str:
        """For a person who waits."""
        state = "no findings" if not self.found else f"found {', '.join(self.found)}"
        return f"{self.target}: {self.executions} executions, {self.edges} edges, {state}"


def campaign_of(target: Target, log: str, found: Sequence[Path]) -> Campaign:
    """From the log of a run that has ended.

    Raises:
        RuntimeError: it never began.
    """
    progress, done = _PROGRESS.findall(log), _DONE.search(log)
    if not progress:
        raise RuntimeError(f"{target.name} did not begin:\n{log[-2_000:]}")
    executions, edges, _, kept = map(int, progress[-1])
    return Campaign(
        target=target.name,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        seconds=int(done[2]) if done else None,
        executions=int(done[1]) if done else executions,
        edges=edges,
        kept=kept,
        found=[file.name for file in found],
    )
