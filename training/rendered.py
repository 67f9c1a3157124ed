"""Accuracy on rendered people by what was drawn: where they are seen from, and how much of them."""

import json

from training.comparison import Comparison
from training.conditions import Conditions
from training.datasets.dataset import ParsingDataset
from training.evaluation import Scored
from training.synthetic.report import side_seen

HEAD = "head"
"""Framings that show a head and shoulders alone; the others are told apart by side."""


def by_view(terms: Comparison, dataset: ParsingDataset) -> Conditions | None:
    """From the descriptions that `limn synthesize` writes; None where the data set has none."""
    folder = dataset.root / f"{dataset.split}_descriptions"
    if not folder.is_dir():
        return None

    def seen(scored: Scored) -> list[str]:
        view = json.loads((folder / f"{scored.picture}.json").read_text())["view"]
        side = side_seen(view["azimuth"])
        return [f"{HEAD}, {side}" if view["framing"] == HEAD else side]

    sides = ("front", "side", "back")
    return Conditions(terms, [*sides, *(f"{HEAD}, {side}" for side in sides)], seen)
