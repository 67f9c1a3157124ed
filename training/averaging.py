"""The exponential moving average of a network's weights, which is what is evaluated and shipped."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def average_of(network: nn.Module, decay: float) -> AveragedModel:
    """An averaged copy, BatchNorm statistics included, that forgets its random start quickly.

    The decay of update n is at most (1 + n) / (10 + n): without that, hundreds of steps later
    half of the average would still be the first random weights.
    """

    @torch.no_grad()
    def update(averages: Sequence[Tensor], values: Sequence[Tensor], updates: Tensor | int) -> None:
        count = int(updates)
        share = 1 - min(decay, (1 + count) / (10 + count))
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, share)
            else:
                average.copy_(value)

    return AveragedModel(network, multi_avg_fn=update, use_buffers=True)
