"""The light dual-output generator: EfficientNet-Lite encoder, ASPP and a decoder with skips.

The MMAN paper's Do-DeepLab-ASPP (section 3.2, figure 4) with its two outputs, in a size that a CPU
serves: separable convolutions, BatchNorm, bilinear upsampling instead of transposed convolutions.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks import efficientnet_lite
from training.networks.conv import Conv2d
from training.networks.efficientnet_lite import EfficientNetLite
from training.networks.parsing_network import ParsingLogits, ParsingNetwork

ASPP_RATES = (2, 4, 6)
"""Dilations of the 3x3 branches on the stride-16 grid, beside one 1x1 branch."""

ASPP_CHANNELS = 128
NECK_CHANNELS = 256
DECODER_CHANNELS = (128, 96, 48)
"""At strides 8, 4 and 2."""

GATE_CHANNELS = 64


def conv_norm_relu(inputs: int, outputs: int, kernel: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def separable(inputs: int, outputs: int, dilation: int = 1) -> nn.Sequential:
    """3x3 depthwise then 1x1 pointwise convolution, each with BatchNorm and ReLU."""
    return nn.Sequential(
        Conv2d(inputs, inputs, 3, padding=dilation, dilation=dilation, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU(inplace=True),
        *conv_norm_relu(inputs, outputs),
    )


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: parallel views of growing field, concatenated, then mixed."""

    def __init__(self, inputs: int, dropout: float) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [conv_norm_relu(inputs, ASPP_CHANNELS)]
            + [separable(inputs, ASPP_CHANNELS, rate) for rate in ASPP_RATES]
        )
        self.mix = conv_norm_relu(ASPP_CHANNELS * len(self.branches), NECK_CHANNELS)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, features: Tensor) -> Tensor:
        views = torch.cat([branch(features) for branch in self.branches], dim=1)
        mixed: Tensor = self.dropout(self.mix(views))
        return mixed


class UpBlock(nn.Module):
    """Double the resolution, join the encoder's features of that stride, and refine.

    Projecting before upsampling and adding is the same map as a 1x1 convolution over the
    concatenation (both are linear), at a quarter of its cost.
    """

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.project_skip = nn.Conv2d(skip, outputs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.refine = separable(outputs, outputs)

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        raised = F.interpolate(
            self.project(features), scale_factor=2, mode="bilinear", align_corners=False
        )
        joined = F.relu(self.norm(raised + self.project_skip(skip)))
        refined: Tensor = self.refine(joined)
        return refined


class BehindGate(nn.Module):
    """Finds out whether the person is seen from behind, and lets that change the neck.

    Left and right of a person swap places in the picture when they turn around, and what tells
    (a face, a nape, toes) lies far from the limbs it decides on. So the evidence of all cells is
    pooled into one number, by attention (Ilse et al. 2018, section 2.4), and it weighs a change of
    the neck. Seen from the front nothing changes. Ours; neither paper has it.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.evidence = nn.Sequential(
            *conv_norm_relu(inputs, GATE_CHANNELS), nn.Conv2d(GATE_CHANNELS, 2, 1)
        )
        last = nn.Conv2d(GATE_CHANNELS, NECK_CHANNELS, 1)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)  # at first it changes nothing
        self.change = nn.Sequential(*conv_norm_relu(NECK_CHANNELS, GATE_CHANNELS), last)

    def forward(self, features: Tensor, neck: Tensor) -> tuple[Tensor, Tensor]:
        """The changed neck, and float[B], the logit of being seen from behind."""
        evidence, attention = self.evidence(features).flatten(2).unbind(1)
        behind = (evidence * attention.softmax(1)).sum(1)
        return neck + behind.sigmoid()[:, None, None, None] * self.change(neck), behind


class LightGenerator(ParsingNetwork):
    """Scores of every class at two resolutions, from one forward pass."""

    stride = 2
    size_multiple = 16  # else the skips do not line up
    mean = efficientnet_lite.IMAGENET_MEAN
    std = efficientnet_lite.IMAGENET_STD

    def __init__(
        self,
        classes: int,
        encoder: str = "lite0",
        dropout: float = 0.1,
        middle_head: bool = False,
        behind_gate: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = EfficientNetLite(encoder)
        self.aspp = ASPP(efficientnet_lite.OUTPUT_CHANNELS, dropout)
        self.behind_gate = BehindGate(efficientnet_lite.OUTPUT_CHANNELS) if behind_gate else None
        self.low_head = nn.Conv2d(NECK_CHANNELS, classes, 1)
        widths = (NECK_CHANNELS, *DECODER_CHANNELS)
        skips = tuple(reversed(efficientnet_lite.SKIP_CHANNELS))
        self.decoder = nn.ModuleList(
            UpBlock(widths[i], skips[i], widths[i + 1]) for i in range(len(skips))
        )
        self.middle_head = nn.Conv2d(DECODER_CHANNELS[1], classes, 1) if middle_head else None
        self.high_head = nn.Conv2d(DECODER_CHANNELS[-1], classes, 1)

    def with_fresh_gate(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weights of a generator that may have no gate; then with this one's."""
        own = self.state_dict()
        return {name: own[name] for name in own if name.startswith("behind_gate.")} | weights

    def forward(self, pixels: Tensor) -> ParsingLogits:
        """Logits of both heads.

        Args:
            pixels: float[B, 3, H, W], normalised, sides multiples of 16.

        Returns:
            `high` [B, K, H/2, W/2] and `low` [B, K, H/16, W/16], and with a third head `middle`
            [B, K, H/4, W/4]; with the gate `behind` [B].
        """
        skips, features = self.encoder(pixels)
        neck, behind = self.aspp(features), None
        if self.behind_gate is not None:
            neck, behind = self.behind_gate(features, neck)
        levels = [neck]
        for block, skip in zip(self.decoder, reversed(skips), strict=True):
            levels.append(block(levels[-1], skip))
        middle = self.middle_head(levels[2]) if self.middle_head is not None else None
        return ParsingLogits(self.high_head(levels[-1]), self.low_head(neck), middle, behind=behind)
