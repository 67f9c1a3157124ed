"""ResNet-101 as a dense encoder at output stride 16, in the names of torchvision's state dict.

He et al., CVPR 2016, with the stride in the 3x3 convolution as torchvision has it. The last stage
keeps stride 16 and dilates all of its blocks by 2 (MMAN paper, section 3.2).
"""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

EXPANSION = 4


class Stage(NamedTuple):
    """A run of bottlenecks; `channels` are those of the 3x3 convolutions."""

    channels: int
    blocks: int
    stride: int
    dilation: int


STAGES = (Stage(64, 3, 1, 1), Stage(128, 4, 2, 1), Stage(256, 23, 2, 1), Stage(512, 3, 1, 2))

STEM_CHANNELS = 64
SKIP_CHANNELS = (STEM_CHANNELS, *(stage.channels * EXPANSION for stage in STAGES[:-1]))
"""At strides 2, 4, 8 and 16."""

OUTPUT_CHANNELS = STAGES[-1].channels * EXPANSION


class FrozenBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm that stays as it was on ImageNet: a batch of one has no statistics worth having."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.requires_grad_(False)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own parameter name
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution beside a shortcut.

    The ReLU that others close a block with opens the next one here. That is the same network, and
    what leaves a stage is the sum before the ReLU, which the skips of MMAN's generator read.
    """

    def __init__(
        self, inputs: int, channels: int, stride: int, dilation: int, norm: type[nn.BatchNorm2d]
    ) -> None:
        super().__init__()
        outputs = channels * EXPANSION
        self.conv1 = nn.Conv2d(inputs, channels, 1, bias=False)
        self.bn1 = norm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, dilation, dilation, bias=False)
        self.bn2 = norm(channels)
        self.conv3 = nn.Conv2d(channels, outputs, 1, bias=False)
        self.bn3 = norm(outputs)
        self.downsample = (
            nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm(outputs))
            if stride != 1 or inputs != outputs
            else nn.Identity()
        )

    def forward(self, features: Tensor) -> Tensor:
        features = F.relu(features)
        hidden = F.relu(self.bn1(self.conv1(features)))
        hidden = F.relu(self.bn2(self.conv2(hidden)))
        output: Tensor = self.bn3(self.conv3(hidden)) + self.downsample(features)
        return output


def _stage(inputs: int, stage: Stage, norm: type[nn.BatchNorm2d]) -> nn.Sequential:
    outputs = stage.channels * EXPANSION
    return nn.Sequential(
        *(
            Bottleneck(
                outputs if position else inputs,
                stage.channels,
                1 if position else stage.stride,
                stage.dilation,
                norm,
            )
            for position in range(stage.blocks)
        )
    )


class ResNet101(nn.Module):
    """Encoder without the ImageNet classifier."""

    def __init__(self, frozen_norm: bool = False) -> None:
        """`frozen_norm`: statistics, scale and shift of every BatchNorm are never trained."""
        super().__init__()
        norm = FrozenBatchNorm2d if frozen_norm else nn.BatchNorm2d
        self.conv1 = nn.Conv2d(3, STEM_CHANNELS, 7, 2, 3, bias=False)
        self.bn1 = norm(STEM_CHANNELS)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            _stage(inputs, stage, norm) for inputs, stage in zip(SKIP_CHANNELS, STAGES, strict=True)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, pixels: Tensor) -> tuple[list[Tensor], Tensor]:
        """Features of a normalised picture, each before its ReLU.

        Args:
            pixels: float[B, 3, H, W], sides multiples of 16.

        Returns:
            Skips [B, 64, H/2, W/2], [B, 256, H/4, W/4], [B, 512, H/8, W/8], [B, 1024, H/16, W/16],
            and the last features [B, 2048, H/16, W/16].
        """
        stem = self.bn1(self.conv1(pixels))
        quarter = self.layer1(F.max_pool2d(F.relu(stem), 3, 2, 1))
        eighth = self.layer2(quarter)
        sixteenth = self.layer3(eighth)
        return [stem, quarter, eighth, sixteenth], self.layer4(sixteenth)
