"""Cross-entropy on both outputs of a dual-output generator."""

import torch
from torch import Tensor
from torch.nn import functional as F

from limn.labels import IGNORE_INDEX

HIGH_WEIGHT = 1.0
LOW_WEIGHT = 0.25
"""The MMAN paper's 100 and 25 (section 3.4), divided by 100."""


def sample_labels(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Label maps int64[B, H, W] at a coarser grid: the pixel nearest to each cell's centre."""
    chosen = F.interpolate(labels[:, None].float(), size=size, mode="nearest-exact")
    return chosen[:, 0].long()


def dual_cross_entropy(
    low_logits: Tensor, high_logits: Tensor, labels: Tensor, class_weights: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted sum of the cross-entropies of both heads.

    Args:
        low_logits: float[B, K, h, w], stride 16.
        high_logits: float[B, K, h', w'].
        labels: int64[B, H, W] at input size, 255 ignored.
        class_weights: float[K].

    Returns:
        The loss, and its parts (detached) by name.
    """
    parts = {}
    for name, logits in (("high", high_logits), ("low", low_logits)):
        height, width = logits.shape[-2:]
        target = sample_labels(labels, (height, width))
        summed = F.cross_entropy(
            logits.float(),
            target,
            weight=class_weights,
            ignore_index=IGNORE_INDEX,
            reduction="sum",
        )
        # A batch may hold no known pixel at all: nothing is learnt from it, and nothing is nan.
        known = class_weights[target[target != IGNORE_INDEX]].sum()
        parts[name] = summed / known.clamp(min=1e-6)
    total = HIGH_WEIGHT * parts["high"] + LOW_WEIGHT * parts["low"]
    return total, {name: torch.detach(value) for name, value in parts.items()}
