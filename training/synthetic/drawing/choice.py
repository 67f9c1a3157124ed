"""Random numbers in the words that the other drawings use."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """A generator of plain Python numbers."""

    def __init__(self, *seed: int) -> None:
        self._generator = np.random.default_rng(seed)

    def uniform(self, low: float, high: float) -> float:
        """Anything between two numbers, rounded so that it reads well."""
        return round(float(self._generator.uniform(low, high)), 4)

    def normal(self, mean: float, deviation: float) -> float:
        """About `mean`."""
        return round(float(self._generator.normal(mean, deviation)), 4)

    def share(self, *concentration: float) -> list[float]:
        """Shares that add up to 1."""
        return [round(float(share), 4) for share in self._generator.dirichlet(concentration)]

    def chance(self, probability: float) -> bool:
        """True so often."""
        return bool(self._generator.random() < probability)

    def seed(self) -> int:
        """A seed for something else."""
        return int(self._generator.integers(2**31))

    def one(self, options: Sequence[T]) -> T:
        """One of them, equally often."""
        return options[int(self._generator.integers(len(options)))]

    def weighted(self, options: Mapping[T, float]) -> T:
        """One of them, by weight."""
        weights = np.array(list(options.values()))
        chosen = self._generator.choice(len(weights), p=weights / weights.sum())
        return list(options)[int(chosen)]
