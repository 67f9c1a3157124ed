"""Accuracy on rendered people by what was drawn: where they are seen from, and how much of them."""

import json
from pathlib import Path

from training.comparison import Comparison
from training.conditions import Conditions
from training.datasets.dataset import ParsingDataset
from training.evaluation import Scored
from training.synthetic.report import side_seen

SIDES = ("front", "side", "back")
HEAD = "head"
"""Framings that show a head and shoulders alone; the others are told apart by side."""


def view_of(root: Path, split: str, picture: str) -> str:
    """`front`, `side` or `back`, or that of a head alone, of one that `limn synthesize` wrote."""
    view = json.loads((_folder(root, split) / f"{picture}.json").read_text())["view"]
    side = side_seen(view["azimuth"])
    return f"{HEAD}, {side}" if view["framing"] == HEAD else side


def by_view(terms: Comparison, dataset: ParsingDataset) -> Conditions | None:
    """From the descriptions that `limn synthesize` writes; None where the data set has none."""
    if not _folder(dataset.root, dataset.split).is_dir():
        return None

    def seen(scored: Scored) -> list[str]:
        return [view_of(dataset.root, dataset.split, scored.picture)]

    return Conditions(terms, [*SIDES, *(f"{HEAD}, {side}" for side in SIDES)], seen)


def _folder(root: Path, split: str) -> Path:
    return root / f"{split}_descriptions"
