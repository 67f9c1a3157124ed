"""Attention to Scale over DeepLab-LargeFOV VGG-16, the SSL paper's main network (section 3.4).

Chen et al., CVPR 2016: the picture at three sizes through one trunk, scores fused cell by cell.
"""

from torch import Tensor

from training.networks import field_head, imagenet
from training.networks.field_head import FieldHead
from training.networks.parsing_network import ParsingLogits, ParsingNetwork
from training.networks.scale_attention import ScaleAttention, fuse
from training.networks.scales import SCALES, SIZE_MULTIPLE, enlarge, has_corners, shrink
from training.networks.vgg import Vgg16

FIELD_DILATION = 12
"""LargeFOV: one field of 419 pixels instead of a pyramid of them."""


class AttentionToScale(ParsingNetwork):
    """Fused scores at stride 8, and those of each scale for supervision of their own."""

    stride = 8
    size_multiple = SIZE_MULTIPLE
    mean = imagenet.MEAN
    std = imagenet.STD

    def __init__(self, classes: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.encoder = Vgg16(atrous=True)
        self.head = FieldHead(classes, FIELD_DILATION, dropout)
        self.attention = ScaleAttention(field_head.CHANNELS, len(SCALES), dropout)

    def forward(self, pixels: Tensor) -> ParsingLogits:
        """Fused logits, and those of scales 1, 0.75 and 0.5.

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
        views = [shrink(pixels, quarters, corners) for quarters in SCALES]
        features, scores = zip(*(self.head(self.encoder(view)[-1]) for view in views), strict=True)
        grid = scores[0].shape[-2:]
        shares = self.attention([enlarge(part, grid, corners) for part in features])
        aligned = [enlarge(part, grid, corners) for part in scores]
        return ParsingLogits(fuse(aligned, shares), branches=(*aligned[:2], scores[2]))
