"""Accuracy on canvases after an epoch: one scale, at the size of the canvas, quick."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from limn.geometry import Region
from limn.metrics import Accuracy, confusion
from limn.ops import tensor as ops
from training.datasets.dataset import ParsingDataset
from training.networks.parsing_network import ParsingNetwork


class CanvasSet:
    """A split squeezed onto one canvas size and kept in memory; aspect is not kept."""

    def __init__(self, dataset: ParsingDataset, canvas: tuple[int, int]) -> None:
        self.label_set = dataset.label_set
        self.images: list[NDArray[np.uint8]] = []
        self.labels: list[NDArray[np.uint8]] = []
        size = canvas[1], canvas[0]
        for index in range(len(dataset)):
            image, labels = dataset.pair(index)
            self.images.append(
                cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
            )
            self.labels.append(
                cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT).astype(np.uint8)
            )

    def predictions(self, network: ParsingNetwork, batch_size: int = 8) -> list[NDArray[np.uint8]]:
        """uint8[h, w] label maps at canvas size, in order, of a network in evaluation mode."""
        maps: list[NDArray[np.uint8]] = []
        for start in range(0, len(self.images), batch_size):
            canvases = torch.from_numpy(np.stack(self.images[start : start + batch_size]))
            maps.extend(_choose(network, canvases).numpy())
        return maps

    def accuracy(self, predictions: Sequence[NDArray[np.uint8]]) -> Accuracy:
        """Of label maps as `predictions` returns them."""
        classes = len(self.label_set)
        matrix = np.zeros((classes, classes), np.int64)
        for truth, prediction in zip(self.labels, predictions, strict=True):
            matrix += confusion(truth, prediction, classes)
        return Accuracy(matrix)


@torch.inference_mode()
def _choose(network: ParsingNetwork, canvases: Tensor) -> Tensor:
    size = (canvases.shape[1], canvases.shape[2])
    device = next(network.parameters()).device
    pixels = ops.preprocess(canvases.to(device), size, network.mean, network.std)
    logits = network(pixels).high
    region = Region(0, 0, *logits.shape[-2:])
    return ops.upsample_and_choose(logits, size, region).cpu()
