"""Batches of augmented pictures, each batch of one canvas size, the same for the same seed."""

from collections.abc import Iterator
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


class BatchPlan(Sampler[list[Draw]]):
    """The batches of one epoch at a time; `epoch` is set by the loop."""

    def __init__(
        self,
        repeat_factors: NDArray[np.float64],
        batch_size: int,
        canvases: list[tuple[int, int]],
        seed: int,
        share: Share = ALL,
    ) -> None:
        self.share = share
        self.probabilities = repeat_factors / repeat_factors.sum()
        self.batch_size = batch_size
        self.joint_size = batch_size * share.processes
        self.canvases = canvases
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.probabilities) // self.joint_size

    def __iter__(self) -> Iterator[list[Draw]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        count = len(self) * self.joint_size
        # Systematic resampling: every picture comes its share of times, give or take one.
        points = (np.arange(count) + rng.random()) / count
        indices = np.searchsorted(self.probabilities.cumsum(), points).clip(
            max=len(self.probabilities) - 1
        )
        rng.shuffle(indices)
        first = self.share.rank * self.batch_size
        mine = range(first, first + self.batch_size)
        for step, chunk in enumerate(indices.reshape(len(self), self.joint_size)):
            canvas = self.canvases[int(rng.integers(len(self.canvases)))]
            yield [
                Draw(int(chunk[position]), canvas, (self.seed, self.epoch, step, position))
                for position in mine
            ]


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
    )
