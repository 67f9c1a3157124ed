"""What asks for left and right alone: per pixel of a part that comes in pairs, and per picture.

Arms, legs and shoes are a few percent of a picture, so that a cross-entropy over all pixels hardly
asks which of them is which. Ours; neither paper has it.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from limn.labels import IGNORE_INDEX, LabelSet
from training.losses.cross_entropy import Reduce
from training.losses.grid import grid_of, sample_labels

SEEN_SHARE = 5e-4
"""Of a picture's pixels that a part has at least to say on which side it is."""


def side_pairs(label_set: LabelSet) -> Tensor:
    """int64[P, 2]: classes (left, right)."""
    return torch.tensor(label_set.left_right_pairs, dtype=torch.long).reshape(-1, 2)


def side_cross_entropy(
    logits: Tensor, labels: Tensor, pairs: Tensor, mean_over_processes: Reduce
) -> Tensor:
    """Mean over the pixels of paired parts, as large as if one process had them all.

    Per pixel it is the cross-entropy of a choice between its class and that class's twin alone.

    Args:
        logits: float[B, K, h, w].
        labels: int64[B, H, W] at input size, sampled at the grid of the logits.
        pairs: see `side_pairs`.
        mean_over_processes: of the divisor.

    Returns:
        A scalar; 0 where no pixel is of a paired part.
    """
    target = sample_labels(labels, grid_of(logits))
    twins = torch.arange(IGNORE_INDEX + 1, device=labels.device)
    twins[pairs] = pairs.flip(1)
    twin = twins[target]
    paired = twin != target
    own, other = (
        logits.float().gather(1, index.where(paired, 0)[:, None])[:, 0] for index in (target, twin)
    )
    # -log softmax of two is softplus of their difference.
    summed = F.softplus(other - own).where(paired, 0).sum()
    return summed / mean_over_processes(paired.sum().float()).clamp(min=1e-6)


def seen_from_behind(labels: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Whether left parts lie left of right ones in the picture, as they do from behind.

    Args:
        labels: int64[B, H, W].
        pairs: see `side_pairs`.

    Returns:
        bool[B], and bool[B]: whether that is known, since all pairs of which both are seen agree.
    """
    parts = (labels[:, None] == pairs.flatten()[:, None, None]).float()
    columns = torch.arange(labels.shape[2], device=labels.device)
    by_pair = (len(labels), len(pairs), 2)
    counts = parts.sum((2, 3)).reshape(by_pair)
    centres = (parts.sum(2) * columns).sum(2).reshape(by_pair) / counts.clamp(min=1)
    seen = (counts >= SEEN_SHARE * labels.shape[1] * labels.shape[2]).all(2)
    left, right = centres.unbind(2)
    behind, front = (seen & (left < right)).any(1), (seen & (left > right)).any(1)
    return behind, behind != front


def behind_cross_entropy(
    logits: Tensor, labels: Tensor, pairs: Tensor, mean_over_processes: Reduce
) -> tuple[Tensor, Tensor]:
    """Of being seen from behind, and the share that is right, where both kinds weigh alike.

    Most photos are taken from the front, and a network that says so of all would often be right.

    Args:
        logits: float[B].
        labels: int64[B, H, W]; pictures that do not show it have no say.
        pairs: see `side_pairs`.
        mean_over_processes: of the divisors.
    """
    behind, known = seen_from_behind(labels, pairs)
    losses = F.binary_cross_entropy_with_logits(logits.float(), behind.float(), reduction="none")
    right = (logits > 0) == behind
    kinds = torch.stack([known & behind, known & ~behind])
    counts = mean_over_processes(kinds.sum(1).float())
    weights = (kinds / counts.clamp(min=1e-6)[:, None]).sum(0) / (counts > 0).sum().clamp(min=1)
    return (weights * losses).sum(), (weights * right).sum()
