"""A network as a parser: photo in, label map out, by the reference arithmetic on torch."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from limn.geometry import Letterbox, Size
from limn.labels import LabelSet
from limn.ops import array
from limn.ops import tensor as ops
from training.augment.recipe import scaled_canvas
from training.augment.view import FILL
from training.networks.parsing_network import ParsingNetwork

FILL_RGB = (FILL, FILL, FILL)


class TorchParser:
    """Letterbox, network at each test-time scale, fusion, upsampling, choice."""

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
        height, width = image.shape[:2]
        box = Letterbox.fit((height, width), self.canvas)
        canvas = torch.from_numpy(array.letterbox(image, box, FILL_RGB))[None]
        grid = self.canvas[0] // self.network.stride, self.canvas[1] // self.network.stride
        scores = ops.fuse([s for size in self.sizes for s in self._scores(canvas, size)], grid)
        labels = ops.upsample_and_choose(scores, (height, width), box.region(grid))
        chosen: NDArray[np.uint8] = labels[0].numpy()
        return chosen

    def _scores(self, canvas: torch.Tensor, size: Size) -> list[torch.Tensor]:
        network = self.network
        pixels = ops.preprocess(canvas, size, network.mean, network.std)
        views = [ops.probabilities(network(pixels).high)]
        if self.flip:
            mirrored = ops.probabilities(network(pixels.flip(-1)).high)
            views.append(ops.unmirror(mirrored, self.label_set.mirror.tolist()))
        return views
