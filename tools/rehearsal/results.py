"""What was seen of a config, and how it is kept between two calls."""

import json
from dataclasses import dataclass, field

from tools.rehearsal.layout import RUNS


@dataclass(frozen=True)
class Training:
    """What was seen of a run that was killed after its first epoch and started again."""

    losses: list[float]
    resumed: bool
    picture_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Result:
    """One config; `faults` are the messages of commands that failed."""

    name: str
    parameters: int
    training: Training
    pixel_accuracy: float | None
    onnx_bytes: int | None
    precision: str | None
    agreement: float | None
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ties:
    """What rounding weights to half precision, as an export would, does on torch alone.

    Attributes:
        changed: share of the cells that have another winner then.
        margin: median over all cells of the difference between their two highest logits.
        changed_margin: the same over those whose winner changed.
    """

    changed: float
    margin: float
    changed_margin: float


def result_of(name: str) -> Result | None:
    """As it was kept, None if it is still to be made."""
    kept = RUNS / name / "result.json"
    if not kept.exists():
        return None
    content = json.loads(kept.read_text())
    return Result(**content | {"training": Training(**content["training"])})


def ties_of(name: str) -> Ties | None:
    """As they were kept, None if nobody looked."""
    kept = RUNS / name / "ties.json"
    return Ties(**json.loads(kept.read_text())) if kept.exists() else None
