"""Do-DeepLab-ASPP, the dual-output generator of MMAN (paper, section 3.2 and figure 4).

ResNet-101 encoder, atrous spatial pyramid pooling, and a decoder of transposed convolutions with
skips. Two topologies: `paper` is the one that is drawn, where one tensor of 8192 channels feeds
both outputs; `release` is the one of the authors' code, where the pyramid is a side branch as wide
as there are classes and the decoder reads the encoder.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks import imagenet, resnet
from training.networks.conv import Conv2d
from training.networks.initial import normal_start, xavier_start
from training.networks.parsing_network import ParsingLogits, ParsingNetwork
from training.networks.resnet import ResNet101

Topology = Literal["paper", "release"]

ASPP_RATES = (2, 4, 6)
"""Dilations of the 3x3 branches on the stride-16 grid, beside one 1x1 branch."""

ASPP_CHANNELS = 2048
"""Of each of the four branches of the paper's topology: 8192 together."""

NECK_CHANNELS = 1024
"""Of the decoder's first block, D0, at stride 16."""

DECODER_CHANNELS = (512, 256, 64)
"""Of D1, D2 and D3, at strides 8, 4 and 2."""


def plain_conv(inputs: int, outputs: int, kernel: int = 1, dilation: int = 1) -> nn.Conv2d:
    """With a bias, from N(0, 0.01)."""
    padding = dilation * (kernel // 2)
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation)
    normal_start(convolution)
    return convolution


def separable_branch(inputs: int, outputs: int, dilation: int | None) -> nn.Sequential:
    """3x3 depthwise, where there is a dilation, then 1x1; InstanceNorm and ReLU close it."""
    layers: list[nn.Conv2d] = []
    if dilation is not None:
        layers.append(
            Conv2d(
                inputs, inputs, 3, padding=dilation, dilation=dilation, groups=inputs, bias=False
            )
        )
    layers.append(nn.Conv2d(inputs, outputs, 1, bias=False))
    for layer in layers:
        normal_start(layer)
    return nn.Sequential(*layers, nn.InstanceNorm2d(outputs), nn.ReLU(inplace=True))


class PaperPyramid(nn.Module):
    """Four separable branches, concatenated; both outputs are made from all their channels."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.outputs = ASPP_CHANNELS * (1 + len(ASPP_RATES))
        self.branches = nn.ModuleList(
            separable_branch(resnet.OUTPUT_CHANNELS, ASPP_CHANNELS, rate)
            for rate in (None, *ASPP_RATES)
        )
        self.low_head = plain_conv(self.outputs, classes)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 2048, h, w] before its ReLU to [B, 8192, h, w] and low-resolution logits."""
        features = F.relu(features)
        views = torch.cat([branch(features) for branch in self.branches], dim=1)
        return views, self.low_head(views)


class ReleasePyramid(nn.Module):
    """Four branches of one channel per class, mixed into the low-resolution logits."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.outputs = resnet.OUTPUT_CHANNELS
        self.branches = nn.ModuleList(
            [plain_conv(resnet.OUTPUT_CHANNELS, classes)]
            + [plain_conv(resnet.OUTPUT_CHANNELS, classes, 3, rate) for rate in ASPP_RATES]
        )
        self.low_head = plain_conv(classes * len(self.branches), classes)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 2048, h, w] to itself, which the decoder reads, and low-resolution logits."""
        views = torch.cat([branch(features) for branch in self.branches], dim=1)
        return features, self.low_head(views)


class UpBlock(nn.Module):
    """ReLU, a (transposed) convolution, InstanceNorm and dropout; then the encoder's features.

    The skip goes through a 1x1 convolution of its own and in front: what opens the next block is
    the ReLU of both.
    """

    def __init__(
        self, convolution: nn.Conv2d | nn.ConvTranspose2d, dropout: float, skip: int | None
    ) -> None:
        super().__init__()
        xavier_start(convolution)
        self.convolution = convolution
        self.norm = nn.InstanceNorm2d(convolution.out_channels)
        self.dropout = nn.Dropout(dropout)
        self.project_skip = plain_conv(skip, skip) if skip is not None else None

    def forward(self, features: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        """The block's own features, and those with the skip's in front where it takes one."""
        own = self.dropout(self.norm(self.convolution(F.relu(features))))
        if self.project_skip is None:
            return own, own
        return own, torch.cat([self.project_skip(skip), own], dim=1)


def _doubling(inputs: int, outputs: int, bias: bool = False) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)


class Parsing(NamedTuple):
    """One pass of the generator.

    Attributes:
        high: logits [B, K, H, W].
        low: logits [B, K, H/16, W/16].
        middle: logits [B, K, H/4, W/4] of a third head.
        neck: features [B, 1024, H/16, W/16] of D0, which attention over scales looks at.
    """

    high: Tensor
    low: Tensor
    middle: Tensor | None
    neck: Tensor


class DoDeepLabAspp(ParsingNetwork):
    """Scores of every class at two resolutions, from one forward pass."""

    stride = 1
    size_multiple = 16  # else the skips do not line up
    mean = imagenet.MEAN
    std = imagenet.STD

    def __init__(
        self,
        classes: int,
        topology: Topology = "paper",
        dropout: float = 0.5,
        middle_head: bool = False,
        frozen_norm: bool = False,
    ) -> None:
        """`dropout` is that of D0, D1 and D2, 0 as in the authors' code; see `ResNet101`."""
        super().__init__()
        self.encoder = ResNet101(frozen_norm)
        in_paper = topology == "paper"
        self.pyramid = PaperPyramid(classes) if in_paper else ReleasePyramid(classes)
        half_skip, quarter_skip, eighth_skip, sixteenth_skip = resnet.SKIP_CHANNELS
        eighth, quarter, half = DECODER_CHANNELS
        first = (
            nn.Conv2d(self.pyramid.outputs, NECK_CHANNELS, 1, bias=False)
            if in_paper
            else nn.ConvTranspose2d(self.pyramid.outputs, NECK_CHANNELS, 3, 1, 1, bias=False)
        )
        joined = NECK_CHANNELS if in_paper else sixteenth_skip + NECK_CHANNELS
        self.decoder = nn.ModuleList(
            [
                UpBlock(first, dropout, None if in_paper else sixteenth_skip),
                UpBlock(_doubling(joined, eighth), dropout, eighth_skip),
                UpBlock(_doubling(eighth_skip + eighth, quarter), dropout, quarter_skip),
                UpBlock(_doubling(quarter_skip + quarter, half), 0.0, half_skip),
            ]
        )
        self.middle_head = plain_conv(quarter_skip + quarter, classes) if middle_head else None
        self.high_head = _doubling(half_skip + half, classes, bias=True)
        xavier_start(self.high_head)

    def forward(self, pixels: Tensor) -> ParsingLogits:
        """Logits of both heads.

        Args:
            pixels: float[B, 3, H, W], normalised, sides multiples of 16, and more than 16x16:
                there is nothing to normalise in a single cell.

        Returns:
            `high` [B, K, H, W] and `low` [B, K, H/16, W/16], and with a third head `middle`
            [B, K, H/4, W/4].
        """
        high, low, middle, _ = self.parse(pixels)
        return ParsingLogits(high, low, middle)

    def parse(self, pixels: Tensor) -> Parsing:
        """As `forward`, with the decoder's first features."""
        skips, encoded = self.encoder(pixels)
        features, low = self.pyramid(encoded)
        necks, levels = [], []
        for block, skip in zip(self.decoder, reversed(skips), strict=True):
            own, features = block(features, skip)
            necks.append(own)
            levels.append(features)
        middle = self.middle_head(levels[2]) if self.middle_head is not None else None
        return Parsing(self.high_head(F.relu(features)), low, middle, necks[0])
