"""The shapes that a TensorRT engine is built for, and that Triton then chooses among."""

from collections.abc import Sequence
from dataclasses import dataclass

BATCHES = (1, 4, 8)
"""Each is the best size of a profile that takes every batch up to it."""


@dataclass(frozen=True)
class Profile:
    """Shapes of the one input that an engine is tuned for, batch first."""

    smallest: tuple[int, ...]
    best: tuple[int, ...]
    largest: tuple[int, ...]


def profiles(shapes: Sequence[tuple[int, ...]]) -> list[Profile]:
    """For every fixed shape of a picture, one profile per batch of `BATCHES`."""
    return [
        Profile((1, *shape), (batch, *shape), (batch, *shape))
        for shape in shapes
        for batch in BATCHES
    ]
