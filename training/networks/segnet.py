"""SegNet on VGG-16 with BatchNorm, a baseline of the SSL paper (Badrinarayanan et al., PAMI 2017).

The decoder puts every maximum back where the encoder's pool found it. That is written as a choice
among the four cells of a window instead of with `max_unpool2d`, whose flat indices ONNX has no
operator for.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks import imagenet, vgg
from training.networks.initial import he_start
from training.networks.parsing_network import ParsingLogits, ParsingNetwork
from training.networks.vgg import Vgg16

WINDOW = 2
"""Sides of the pools: windows that do not overlap."""


def winners(features: Tensor) -> Tensor:
    """Where the maximum of each 2x2 window is.

    Args:
        features: [B, C, H, W], even sides.

    Returns:
        bool[B, C, 4, H/2, W/2], true for one of the four cells, any one of equal ones.
    """
    windows = torch.unflatten(F.pixel_unshuffle(features, WINDOW), 1, (-1, WINDOW**2))
    cells = torch.arange(WINDOW**2, device=features.device).view(1, 1, -1, 1, 1)
    return windows.argmax(dim=2, keepdim=True) == cells


def unpool(maxima: Tensor, where: Tensor) -> Tensor:
    """[B, C, h, w] to [B, C, 2h, 2w]: each value in its window's cell of `winners`, else zeros."""
    cells: Tensor = F.pixel_shuffle((maxima[:, :, None] * where).flatten(1, 2), WINDOW)
    return cells


def conv_norm_relu(inputs: int, outputs: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
    he_start(convolution)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class SegNet(ParsingNetwork):
    """Scores at the picture's own size, from a decoder that mirrors the encoder."""

    stride = 1
    size_multiple = 32  # five pools
    mean = imagenet.MEAN
    std = imagenet.STD
    encoder: Vgg16

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.encoder = Vgg16(norm=True)
        stages = []
        for block in reversed(range(len(vgg.CHANNELS))):
            width, depth = vgg.CHANNELS[block][-1], len(vgg.CHANNELS[block])
            layers = [conv_norm_relu(width, width) for _ in range(depth - 1)]
            if block:  # the head stands where the very last one would
                layers.append(conv_norm_relu(width, vgg.CHANNELS[block - 1][-1]))
            stages.append(nn.Sequential(*layers))
        self.decoder = nn.ModuleList(stages)
        self.head = nn.Conv2d(vgg.CHANNELS[0][-1], classes, 3, padding=1)

    def forward(self, pixels: Tensor) -> ParsingLogits:
        """Logits.

        Args:
            pixels: float[B, 3, H, W], normalised, sides multiples of 32.

        Returns:
            `high` [B, K, H, W].
        """
        features = pixels
        places = []
        for layer in self.encoder.features:
            if isinstance(layer, nn.MaxPool2d):
                places.append(winners(features))
            features = layer(features)
        for stage, where in zip(self.decoder, reversed(places), strict=True):
            features = stage(unpool(features, where))
        return ParsingLogits(self.head(features))
