"""How many of the persons in photos a finder finds, how well, and whom it finds where nobody is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from training.persons.batches import size_of_aspect
from training.persons.compose import Composed, Material
from training.persons.config import PersonsConfig
from training.persons.cutouts import Image, read_cutouts, read_photos
from training.persons.score import Boxes, Score, score_of
from training.persons.train import left_out, open_sources

Find = Callable[[Image], tuple[Boxes, NDArray[np.float32]]]
"""A photo to boxes in its pixels, best first, and their scores; none below the threshold."""

MOST_PERSONS = 5
SIDES = (480, 800)
"""Pixels of a composed photo's longer side."""
ASPECTS = (0.6, 1.8)
"""Width by height."""
CUTOUT_HEIGHT = 600
SEED = 7_000_003


@dataclass(frozen=True)
class Row:
    """One kind of photos, and what was found in them."""

    photos: str
    count: int
    score: Score
    clean: int
    """Photos in which all persons were found and nobody else."""


def examine(config: PersonsConfig, find: Find, per_row: int) -> list[Row]:
    """Rows of a table: composed photos of one to five persons, real ones of one, and of nobody.

    Everything is of the data sets' val, of which nothing was trained on.
    """
    datasets = open_sources(config, "val")
    own = [read_cutouts([dataset], CUTOUT_HEIGHT) for dataset in datasets]
    crowded = left_out(config)
    places = read_photos(datasets[0], CUTOUT_HEIGHT, crowded)
    everybody = Material([cutout for each in own for cutout in each], places)
    rows = []
    for persons in range(1, MOST_PERSONS + 1):
        photos = list(composed(everybody, persons, per_row))
        rows.append(row_of(f"composed, {persons}", photos, find))
    for source, cutouts in zip(config.sources, own, strict=True):
        photos = [
            photo
            for persons in range(1, MOST_PERSONS + 1)
            for photo in composed(Material(cutouts, places), persons, per_row // MOST_PERSONS)
        ]
        rows.append(row_of(f"composed, 1 to {MOST_PERSONS}, {source.name} alone", photos, find))
    for source, dataset in zip(config.sources, datasets, strict=True):
        whole = [
            Composed(photo.image, box_of(photo.mask))
            for photo in read_photos(dataset, max(SIDES), crowded)
        ]
        rows.append(row_of(f"as they are, 1, {source.name}", whole, find))
    empty = list(composed(everybody, 0, per_row))
    rows.append(row_of("places of CCP and drawn ones, nobody", empty, find))
    return rows


def composed(material: Material, persons: int, count: int) -> Iterator[Composed]:
    """`count` photos with so many visible persons, always the same."""
    number = 0
    while count:
        rng = np.random.default_rng((SEED, persons, number))
        number += 1
        aspect = float(np.exp(rng.uniform(*np.log(ASPECTS))))
        size = size_of_aspect(aspect, int(rng.integers(*SIDES)))
        photo = material.compose(size, persons, rng)
        # Of those who hide each other, some were left out.
        if len(photo.boxes) == persons:
            count -= 1
            yield photo


def box_of(mask: NDArray[np.bool_]) -> Boxes:
    """float32[1, 4] around the true pixels, or [0, 4] where there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return np.empty((0, 4), np.float32)
    return np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], np.float32)


def row_of(title: str, photos: Sequence[Composed], find: Find) -> Row:
    """All photos of a kind, looked at."""
    scores = [score_of(find(photo.image)[0], photo.boxes) for photo in photos]
    clean = sum(one.hits == one.persons == one.boxes for one in scores)
    return Row(title, len(photos), reduce(add, scores, Score()), clean)


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    lines = [
        "| photos, persons in each | photos | persons | recall at IoU 0.5 | precision | mean IoU"
        " | photos without a fault |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        score = row.score
        figures = " | ".join(map(_percent, (score.recall, score.precision, score.mean_iou)))
        lines.append(
            f"| {row.photos} | {row.count} | {score.persons} | {figures}"
            f" | {_percent(row.clean / max(1, row.count))} |"
        )
    return "\n".join(lines)


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:.1f} %"
