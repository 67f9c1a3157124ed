"""Training batches of the person finder, composed when they are asked for."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from limn.geometry import Letterbox, Size
from training.persons.compose import COUNT_SHARES, Composed, Material, camera
from training.persons.config import PersonsConfig
from training.persons.targets import Targets, targets_of

FILL = (127, 127, 127)
"""RGB of the padding around a photo; next to 0 after normalisation."""
ASPECTS = (0.5, 2.2)
"""Narrowest and widest photo, width by height."""


class PersonsBatch(NamedTuple):
    """Canvases uint8[B, S, S, 3] RGB, and what the network should say of them."""

    canvases: Tensor
    targets: Targets


class ComposedBatches(Dataset[PersonsBatch]):
    """Batch `n` is always the same, whoever composes it."""

    def __init__(self, material: Material, config: PersonsConfig) -> None:
        self.material = material
        self.config = config

    def __len__(self) -> int:
        return self.config.steps

    def __getitem__(self, step: int) -> PersonsBatch:
        config = self.config
        rng = np.random.default_rng((config.seed, step))
        side = int(rng.choice(config.sides))
        photos = [self._canvas(side, rng) for _ in range(config.batch_size)]
        canvases = torch.from_numpy(np.stack([photo.image for photo in photos]))
        return PersonsBatch(canvases, targets_of([photo.boxes for photo in photos], side))

    def _canvas(self, side: int, rng: np.random.Generator) -> Composed:
        count = int(rng.choice(len(COUNT_SHARES), p=np.array(COUNT_SHARES) / sum(COUNT_SHARES)))
        size = size_of_aspect(float(np.exp(rng.uniform(*np.log(ASPECTS)))), side)
        photo = self.material.compose(size, count, rng)
        return on_canvas(Composed(camera(photo.image, rng), photo.boxes), side)


def size_of_aspect(aspect: float, longest: int) -> Size:
    """(height, width) with that ratio of width to height."""
    if aspect > 1:
        return max(16, round(longest / aspect)), longest
    return longest, max(16, round(longest * aspect))


def on_canvas(photo: Composed, side: int) -> Composed:
    """A photo, as large as it can be, in the middle of a square canvas."""
    height, width = photo.image.shape[:2]
    box = Letterbox.fit((height, width), (side, side))
    content: NDArray[np.uint8] = photo.image
    if box.content != (height, width):
        target = box.content[1], box.content[0]
        content = cv2.resize(photo.image, target, interpolation=cv2.INTER_AREA).astype(np.uint8)
    canvas = np.full((side, side, 3), FILL, np.uint8)
    canvas[box.top : box.top + box.content[0], box.left : box.left + box.content[1]] = content
    factors = np.array([box.content[1] / width, box.content[0] / height] * 2, np.float32)
    shift = np.array([box.left, box.top] * 2, np.float32)
    return Composed(canvas, (photo.boxes * factors + shift).astype(np.float32))


def _one_thread(_: int) -> None:
    cv2.setNumThreads(0)
    torch.set_num_threads(1)


def _as_it_is(made: Any) -> Any:  # noqa: ANN401 - DataLoader's own type
    """What is made is a batch already."""
    return made


def make_batches(material: Material, config: PersonsConfig, first: int) -> DataLoader[PersonsBatch]:
    """From step `first` on, in order."""
    return DataLoader(
        ComposedBatches(material, config),
        batch_size=None,
        sampler=range(first, config.steps),
        num_workers=config.workers,
        collate_fn=_as_it_is,
        worker_init_fn=_one_thread if config.workers else None,
    )
