"""DeepLabV2 on VGG-16 without its CRF, a baseline of the SSL paper (section 4.1).

Chen et al., PAMI 2018: ASPP whose branches' scores are added, and the picture at three sizes
through one network, of which the highest score of every class counts.
"""

import torch
from torch import Tensor, nn

from training.networks import imagenet
from training.networks.field_head import FieldHead
from training.networks.parsing_network import ParsingLogits, ParsingNetwork
from training.networks.scales import SCALES, SIZE_MULTIPLE, enlarge, has_corners, shrink
from training.networks.vgg import Vgg16

ASPP_RATES = (6, 12, 18, 24)
"""Dilations of the 3x3 convolutions on the stride-8 grid."""


class DeepLabV2(ParsingNetwork):
    """Fused scores at stride 8, and those of each scale for supervision of their own."""

    stride = 8
    size_multiple = SIZE_MULTIPLE
    mean = imagenet.MEAN
    std = imagenet.STD

    def __init__(self, classes: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.encoder = Vgg16(atrous=True)
        self.aspp = nn.ModuleList(FieldHead(classes, rate, dropout) for rate in ASPP_RATES)

    def forward(self, pixels: Tensor) -> ParsingLogits:
        """Highest logits over scales 1, 0.75 and 0.5, and those of each.

        Args:
            pixels: float[B, 3, H, W], normalised; both sides 32k, or both 32k - 31.

        Returns:
            `high` [B, K, H/8, W/8] and `branches`: two more on its grid, of scales 1 and 0.75, and
            [B, K, H/16, W/16] of scale 0.5, which is supervised where it was made. Sides of
            32k - 31 have grids of 4k - 3 and 2k - 1 cells.

        Raises:
            ValueError: sides of another form.
        """
        corners = has_corners(pixels)
        scores = [self._scores(shrink(pixels, quarters, corners)) for quarters in SCALES]
        grid = scores[0].shape[-2:]
        aligned = [enlarge(part, grid, corners) for part in scores]
        highest = torch.stack(aligned).amax(dim=0)
        return ParsingLogits(highest, branches=(*aligned[:2], scores[2]))

    def _scores(self, pixels: Tensor) -> Tensor:
        """Sum over the branches of the pyramid, [B, K, H/8, W/8]."""
        features = self.encoder(pixels)[-1]
        return torch.stack([branch(features)[1] for branch in self.aspp]).sum(dim=0)
