"""Which scale to believe, cell by cell (Chen et al., Attention to Scale, CVPR 2016)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.networks.initial import normal_start

HIDDEN_CHANNELS = 512


class ScaleAttention(nn.Module):
    """3x3 convolution over the features of all scales, ReLU, dropout, 1x1, softmax."""

    def __init__(self, channels: int, scales: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels * scales, HIDDEN_CHANNELS, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(HIDDEN_CHANNELS, scales, 1)
        normal_start(self.conv1)
        normal_start(self.conv2)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """[B, C, h, w] of every scale, on one grid, to shares [B, scales, h, w] of 1."""
        hidden = self.dropout(self.conv1(torch.cat(list(features), dim=1)).relu())
        shares: Tensor = self.conv2(hidden).softmax(dim=1)
        return shares


def fuse(maps: Sequence[Tensor], shares: Tensor) -> Tensor:
    """Sum of maps [B, K, h, w], each weighed by its own of the shares [B, scales, h, w]."""
    weighed = [
        part * share for part, share in zip(maps, shares.chunk(len(maps), dim=1), strict=True)
    ]
    return torch.stack(weighed).sum(dim=0)
