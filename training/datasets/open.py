"""A split of a data set, by the name of its layout."""

from collections.abc import Callable
from pathlib import Path

from limn.labels import ATR, LIP, PASCAL_PERSON_PART, PPSS, LabelSet
from training.datasets.atr import open_atr
from training.datasets.dataset import ParsingDataset, Split
from training.datasets.layout import Layout
from training.datasets.lip import open_lip
from training.datasets.pascal import open_pascal
from training.datasets.ppss import open_ppss
from training.datasets.reduced import reduced

_OPENERS: dict[Layout, Callable[[Path, Split], ParsingDataset]] = {
    "lip": open_lip,
    "pascal-person-part": open_pascal,
    "atr": open_atr,
    "ppss": open_ppss,
}

LABEL_SET_OF: dict[Layout, LabelSet] = {
    "lip": LIP,
    "pascal-person-part": PASCAL_PERSON_PART,
    "atr": ATR,
    "ppss": PPSS,
}

SPLITS: dict[Layout, tuple[Split, ...]] = {
    "lip": ("train", "val"),
    "pascal-person-part": ("train", "val"),
    "atr": ("train", "val", "test"),
    "ppss": ("train", "test"),
}
"""What each layout comes with; the papers' numbers are of the last one."""


def open_dataset(
    layout: Layout, root: Path, split: Split, longest_side: int | None = None
) -> ParsingDataset:
    """Find a split under `root`; with `longest_side`, its pictures reduced to that and in memory.

    Raises:
        DatasetError: it is not there, or not laid out as its layout says.
    """
    dataset = _OPENERS[layout](root, split)
    return dataset if longest_side is None else reduced(dataset, longest_side)
