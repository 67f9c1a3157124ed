"""Attention + MMAN (MMAN paper, table 2): the dual-output generator over three scales.

The paper says no more than that the input has several scales and that an attention network merges
the results. Here the generator is shared, attention looks at the decoder's first features, and its
shares merge both outputs.
"""

from torch import Tensor

from training.networks import do_deeplab_aspp
from training.networks.do_deeplab_aspp import DoDeepLabAspp
from training.networks.parsing_network import ParsingLogits
from training.networks.scale_attention import ScaleAttention, fuse
from training.networks.scales import SCALES, enlarge, shrink


class AttentionMman(DoDeepLabAspp):
    """Merged scores of every class at two resolutions, and those of each scale."""

    size_multiple = 64  # three quarters of it is a multiple of the generator's 16

    def __init__(self, classes: int, dropout: float = 0.5, frozen_norm: bool = False) -> None:
        super().__init__(classes, dropout=dropout, frozen_norm=frozen_norm)
        self.attention = ScaleAttention(do_deeplab_aspp.NECK_CHANNELS, len(SCALES), dropout)

    def forward(self, pixels: Tensor) -> ParsingLogits:
        """Logits of both heads, merged over scales 1, 0.75 and 0.5.

        Args:
            pixels: float[B, 3, H, W], normalised, sides multiples of 64.

        Returns:
            `high` [B, K, H, W], `low` [B, K, H/16, W/16], and `branches`, each scale's own high
            output: [B, K, H, W], [B, K, 3H/4, 3W/4] and [B, K, H/2, W/2].
        """
        views = [shrink(pixels, quarters, corners=False) for quarters in SCALES]
        parsings = [self.parse(view) for view in views]
        coarse = parsings[0].low.shape[-2:]
        shares = self.attention([enlarge(p.neck, coarse, corners=False) for p in parsings])
        lows = [enlarge(parsing.low, coarse, corners=False) for parsing in parsings]
        fine = pixels.shape[-2:]
        highs = [enlarge(parsing.high, fine, corners=False) for parsing in parsings]
        return ParsingLogits(
            high=fuse(highs, enlarge(shares, fine, corners=False)),
            low=fuse(lows, shares),
            branches=tuple(parsing.high for parsing in parsings),
        )
