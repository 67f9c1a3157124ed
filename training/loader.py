"""Batches of augmented pictures, each batch of one canvas size, the same for the same seed."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from training.augment.picture_recipe import PictureRecipe


class Draw(NamedTuple):
    """One picture to make: which, how large, and from which random numbers."""

    number: int
    canvas: tuple[int, int]
    seed: tuple[int, ...]


class Batch(NamedTuple):
    """`images` uint8[B, 3, H, W] RGB; `labels` int64[B, H, W], 255 is ignored."""

    images: Tensor
    labels: Tensor


class Share(NamedTuple):
    """Which of several processes draws: each takes its own slice of every batch."""

    rank: int = 0
    processes: int = 1


ALL = Share()
"""Of a process that is alone."""


class AugmentedDataset(Dataset[tuple[Tensor, Tensor]]):
    """Draws instead of indices: the sampler decides, the recipe makes."""

    def __init__(self, recipe: PictureRecipe) -> None:
        self.recipe = recipe

    def __getitem__(self, draw: Draw) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng(draw.seed)
        image, label_map = self.recipe.draw(draw.number, draw.canvas, rng)
        return torch.from_numpy(image).permute(2, 0, 1), torch.from_numpy(label_map).long()


class Group(NamedTuple):
    """Pictures that come side by side in every batch, some of each group.

    Attributes:
        repeat_factors: float64[n], how often each comes in proportion to the others of the group;
            pictures are numbered through all groups.
        per_batch: how many of them a process's batch has.
    """

    repeat_factors: NDArray[np.float64]
    per_batch: int


class BatchPlan(Sampler[list[Draw]]):
    """The batches of one epoch at a time; `epoch` is set by the loop.

    An epoch has as many batches as the first group would fill by itself, so that two plans that
    differ in what keeps it company are of equal length.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        canvases: list[tuple[int, int]],
        seed: int,
        share: Share = ALL,
    ) -> None:
        self.groups = groups
        self.share = share
        self.batch_size = sum(group.per_batch for group in groups)
        self.canvases = canvases
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.groups[0].repeat_factors) // (self.batch_size * self.share.processes)

    def __iter__(self) -> Iterator[list[Draw]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        numbers = self._numbers(rng)
        for step, chunk in enumerate(numbers):
            canvas = self.canvases[int(rng.integers(len(self.canvases)))]
            first = self.share.rank * self.batch_size
            yield [
                Draw(int(number), canvas, (self.seed, self.epoch, step, first + position))
                for position, number in enumerate(chunk[self.share.rank])
            ]

    def _numbers(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """intp[steps, processes, batch] of pictures, each group's own beside one another."""
        drawn, offset = [], 0
        for factors, per_batch in self.groups:
            shape = len(self), self.share.processes, per_batch
            count = math.prod(shape)
            # Systematic resampling: every picture comes its share of times, give or take one.
            points = (np.arange(count) + rng.random()) / count
            numbers = np.searchsorted((factors / factors.sum()).cumsum(), points)
            numbers = numbers.clip(max=len(factors) - 1) + offset
            rng.shuffle(numbers)
            drawn.append(numbers.reshape(shape))
            offset += len(factors)
        return np.concatenate(drawn, axis=2)


def collate(pairs: list[tuple[Tensor, Tensor]]) -> Batch:
    images, labels = zip(*pairs, strict=True)
    return Batch(torch.stack(images), torch.stack(labels))


def _one_thread(_: int) -> None:
    cv2.setNumThreads(0)
    torch.set_num_threads(1)


def make_loader(
    recipe: PictureRecipe, plan: BatchPlan, workers: int
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Batches in the plan's order, made ahead of time by `workers` processes."""
    return DataLoader(
        AugmentedDataset(recipe),
        batch_sampler=plan,
        num_workers=workers,
        collate_fn=collate,
        worker_init_fn=_one_thread if workers else None,
        prefetch_factor=4 if workers else None,
        # The plan is asked anew for every epoch, by this process; an epoch on a GPU takes seconds.
        persistent_workers=workers > 0,
    )
