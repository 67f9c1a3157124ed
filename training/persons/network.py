"""The person finder: where persons' middles are, and how far their boxes reach from there.

Objects as points after Zhou et al., "Objects as Points", 2019; that every cell near a middle learns
all four distances to the box's edges, with one loss over the box, is of Liu et al.,
"Training-Time-Friendly Network for Real-Time Object Detection", AAAI 2020: it takes a fraction of
the training.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks import efficientnet_lite
from training.networks.efficientnet_lite import EfficientNetLite
from training.networks.light_generator import ASPP, NECK_CHANNELS, UpBlock, separable

STRIDE = 8
CHANNELS = 128
UNIT = 32.0
"""Pixels that a raw distance of 0 means."""
LARGEST = 3.5
"""Most that a raw distance may be: 1060 pixels."""
FROZEN_STAGES = 3
"""Of the encoder, up to stride 8: edges and textures, which are those of the first training."""
PRIOR = 0.05
"""Share of cells that are taken for a middle at first."""


class Found(NamedTuple):
    """`heat` float[B, 1, h, w], logits; `edges` float[B, 4, h, w], pixels from each cell's middle
    to the left, upper, right and lower edge."""

    heat: Tensor
    edges: Tensor


class PersonNetwork(nn.Module):
    """The light generator's encoder, neck and first decoder block, with two heads."""

    mean = efficientnet_lite.IMAGENET_MEAN
    std = efficientnet_lite.IMAGENET_STD

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite("lite0")
        self.aspp = ASPP(efficientnet_lite.OUTPUT_CHANNELS, 0.0)
        self.up = UpBlock(NECK_CHANNELS, efficientnet_lite.SKIP_CHANNELS[-1], CHANNELS)
        self.heat = nn.Sequential(separable(CHANNELS, CHANNELS), nn.Conv2d(CHANNELS, 1, 1))
        self.edges = nn.Sequential(separable(CHANNELS, CHANNELS, 2), nn.Conv2d(CHANNELS, 4, 1))
        last, reach = self.heat[-1], self.edges[-1]
        assert isinstance(last, nn.Conv2d)
        assert isinstance(reach, nn.Conv2d)
        nn.init.constant_(_bias(last), float(torch.logit(torch.tensor(PRIOR))))
        nn.init.normal_(reach.weight, std=0.001)
        nn.init.constant_(_bias(reach), 0.5)

    def forward(self, pixels: Tensor) -> Found:
        """Of a normalised picture float[B, 3, H, W], sides multiples of 16; h = H / 8."""
        skip, features = self._encoded(pixels)
        raised = self.up(self.aspp(features), skip)
        reach = self.edges(raised).float().clamp(max=LARGEST)
        return Found(self.heat(raised).float(), UNIT * torch.exp(reach))

    def _encoded(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Features at strides 8 and 16; the frozen stages keep nothing for a backward pass."""
        encoder = self.encoder
        with torch.no_grad():
            skip = F.relu6(encoder.stem_norm(encoder.stem(pixels)))
            for stage in encoder.stages[:FROZEN_STAGES]:
                skip = stage(skip)
        features = skip
        for stage in encoder.stages[FROZEN_STAGES:]:
            features = stage(features)
        return skip, features

    def train(self, mode: bool = True) -> "PersonNetwork":
        """The frozen stages stay in evaluation mode: their norms are not to drift either."""
        super().train(mode)
        encoder = self.encoder
        for part in (encoder.stem, encoder.stem_norm, *encoder.stages[:FROZEN_STAGES]):
            part.eval()
        return self

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Encoder and neck of a parser, by the names of a `LightGenerator`."""
        for name, part in (("encoder.", self.encoder), ("aspp.", self.aspp)):
            part.load_state_dict(
                {
                    key.removeprefix(name): value
                    for key, value in weights.items()
                    if key.startswith(name)
                }
            )


def _bias(layer: nn.Conv2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias
