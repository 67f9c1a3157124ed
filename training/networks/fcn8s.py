"""FCN-8s on VGG-16, a baseline of the SSL paper (Long, Shelhamer and Darrell, CVPR 2015).

Padded by as much as keeps every grid an exact fraction of the picture, where the original pads by
100 pixels and crops.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from training.networks import imagenet, vgg
from training.networks.initial import he_start, normal_start
from training.networks.parsing_network import ParsingLogits, ParsingNetwork
from training.networks.vgg import Vgg16

HIDDEN_CHANNELS = 4096


def scorer(inputs: int, classes: int) -> nn.Conv2d:
    """1x1, from N(0, 0.01)."""
    convolution = nn.Conv2d(inputs, classes, 1)
    normal_start(convolution)
    return convolution


def upsampling(classes: int, factor: int) -> nn.ConvTranspose2d:
    """Transposed convolution that starts as bilinear interpolation of each class by itself."""
    kernel = 2 * factor
    layer = nn.ConvTranspose2d(classes, classes, kernel, factor, factor // 2, bias=False)
    taps = 1 - (torch.arange(kernel) - (kernel - 1) / 2).abs() / factor
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[range(classes), range(classes)] = torch.outer(taps, taps)
    return layer


class Fcn8s(ParsingNetwork):
    """Scores at the picture's own size, from three depths of the trunk."""

    stride = 1
    size_multiple = 32  # else scores of different depths do not line up
    mean = imagenet.MEAN
    std = imagenet.STD

    def __init__(self, classes: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.encoder = Vgg16()
        eighth, sixteenth, last = (widths[-1] for widths in vgg.CHANNELS[2:])
        self.fc6 = nn.Conv2d(last, HIDDEN_CHANNELS, 7, padding=3)
        self.fc7 = nn.Conv2d(HIDDEN_CHANNELS, HIDDEN_CHANNELS, 1)
        he_start(self.fc6)
        he_start(self.fc7)
        self.dropout = nn.Dropout(dropout)
        self.score_last = scorer(HIDDEN_CHANNELS, classes)
        self.score_sixteenth = scorer(sixteenth, classes)
        self.score_eighth = scorer(eighth, classes)
        self.raise_last = upsampling(classes, 2)
        self.raise_sixteenth = upsampling(classes, 2)
        self.raise_eighth = upsampling(classes, 8)

    def forward(self, pixels: Tensor) -> ParsingLogits:
        """Logits.

        Args:
            pixels: float[B, 3, H, W], normalised, sides multiples of 32.

        Returns:
            `high` [B, K, H, W].
        """
        _, _, eighth, sixteenth, last = self.encoder(pixels)
        hidden = self.dropout(self.fc6(last).relu())
        hidden = self.dropout(self.fc7(hidden).relu())
        scores = self.raise_last(self.score_last(hidden)) + self.score_sixteenth(sixteenth)
        scores = self.raise_sixteenth(scores) + self.score_eighth(eighth)
        return ParsingLogits(self.raise_eighth(scores))

    def load_classifier(self, weights: Mapping[str, Tensor]) -> None:
        """Start `fc6` and `fc7` from the classifier of torchvision's vgg16."""
        self.load_state_dict({**self.state_dict(), **vgg.classifier_as_convolutions(weights)})
