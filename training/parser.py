"""A network as a parser: photo in, label map out, by the reference arithmetic on torch."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from limn.geometry import Letterbox, Region, Size
from limn.labels import LabelSet
from limn.ops import array
from limn.ops import tensor as ops
from training.augment.recipe import scaled_canvas
from training.augment.view import FILL
from training.networks.parsing_network import ParsingNetwork

FILL_RGB = (FILL, FILL, FILL)


class TorchParser:
    """Letterbox, network at each test-time scale, fusion, upsampling, choice.

    Works where the network is, and answers in the host's memory.
    """

    def __init__(
        self,
        network: ParsingNetwork,
        label_set: LabelSet,
        canvas: Size,
        scales: Sequence[float],
        flip: bool = False,
    ) -> None:
        self.network = network.eval()
        self.label_set = label_set
        self.canvas = canvas
        self.sizes = [scaled_canvas(canvas, scale, network.size_multiple) for scale in scales]
        self.flip = flip

    @torch.inference_mode()
    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8[H, W, 3] RGB of one person to class indices uint8[H, W]."""
        scores, region = self._fused(image)
        size = image.shape[0], image.shape[1]
        chosen: NDArray[np.uint8] = ops.upsample_and_choose(scores, size, region)[0].cpu().numpy()
        return chosen

    @torch.inference_mode()
    def high(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Class indices of the high-resolution head at scale 1, on its own grid.

        Nothing is upsampled: bilinear scores of a large photo show hardly any isolated pixel.

        Returns:
            uint8[h / stride, w / stride] of the canvas.
        """
        canvas, _ = self._letterboxed(image)
        network = self.network
        logits = network(ops.preprocess(canvas, self.canvas, network.mean, network.std)).high
        chosen: NDArray[np.uint8] = logits[0].argmax(0).to(torch.uint8).cpu().numpy()
        return chosen

    @torch.inference_mode()
    def low(self, image: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Class indices of the low-resolution head at scale 1, as of `low_resolution.cell_labels`.

        Returns:
            uint8[h / 16, w / 16] of the canvas; None where the network has no such head.
        """
        canvas, _ = self._letterboxed(image)
        network = self.network
        logits = network(ops.preprocess(canvas, self.canvas, network.mean, network.std)).low
        if logits is None:
            return None
        chosen: NDArray[np.uint8] = logits[0].argmax(0).to(torch.uint8).cpu().numpy()
        return chosen

    @torch.inference_mode()
    def probabilities(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32[K, H, W] at the photo's own size; 20 classes of 24 MP are 1.9 GB."""
        scores, region = self._fused(image)
        maps: NDArray[np.float32] = ops.upsample(scores, image.shape[:2], region)[0].cpu().numpy()
        return maps

    def _letterboxed(self, image: NDArray[np.uint8]) -> tuple[torch.Tensor, Letterbox]:
        box = Letterbox.fit((image.shape[0], image.shape[1]), self.canvas)
        canvas = torch.from_numpy(array.letterbox(image, box, FILL_RGB))[None]
        return canvas.to(next(self.network.parameters()).device), box

    def _fused(self, image: NDArray[np.uint8]) -> tuple[torch.Tensor, Region]:
        """Mean scores [1, K, h, w] of all views, and the part of their grid that the photo has."""
        canvas, box = self._letterboxed(image)
        grid = self.canvas[0] // self.network.stride, self.canvas[1] // self.network.stride
        scores = ops.fuse([s for size in self.sizes for s in self._scores(canvas, size)], grid)
        return scores, box.region(grid)

    def _scores(self, canvas: torch.Tensor, size: Size) -> list[torch.Tensor]:
        network = self.network
        pixels = ops.preprocess(canvas, size, network.mean, network.std)
        views = [ops.probabilities(network(pixels).high)]
        if self.flip:
            mirrored = ops.probabilities(network(pixels.flip(-1)).high)
            views.append(ops.unmirror(mirrored, self.label_set.mirror.tolist()))
        return views
