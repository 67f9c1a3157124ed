"""Cross-entropy on every output of a network (MMAN paper, section 3.4; SSL paper, section 3.3)."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from limn.labels import IGNORE_INDEX
from training.config.loss import LossSection
from training.losses.grid import grid_of, sample_labels
from training.networks.parsing_network import ParsingLogits

Reduce = Callable[[Tensor], Tensor]
"""Mean of a scalar over all processes."""


def pixel_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    class_weights: Tensor,
    image_weights: Tensor | None,
    mean_over_processes: Reduce,
) -> Tensor:
    """Weighted mean over the known pixels of a batch, as large as if one process had them all.

    Args:
        logits: float[B, K, h, w].
        labels: int64[B, H, W] at input size, 255 ignored; sampled at the grid of the logits.
        class_weights: float[K].
        image_weights: float[B] on the pixels of each picture, without any say in the divisor
            (SSL fact sheet, section 2.4); None is 1 for all.
        mean_over_processes: of the divisor.
    """
    target = sample_labels(labels, grid_of(logits))
    losses = F.cross_entropy(
        logits.float(), target, weight=class_weights, ignore_index=IGNORE_INDEX, reduction="none"
    )
    summed = losses.flatten(1).sum(1)
    if image_weights is not None:
        summed = summed * image_weights
    known = class_weights[target[target != IGNORE_INDEX]].sum()
    # A batch may hold no known pixel at all: nothing is learnt from it, and nothing is nan.
    return summed.sum() / mean_over_processes(known).clamp(min=1e-6)


def parsing_loss(
    logits: ParsingLogits,
    labels: Tensor,
    weights: LossSection,
    class_weights: Tensor,
    image_weights: Tensor | None = None,
    mean_over_processes: Reduce = lambda value: value,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted sum of the cross-entropies of all outputs.

    Weights per picture act on `high` and on the branches, as in SSL; the low and middle outputs of
    a generator keep the plain term (MMAN paper, section 4.3, the SSL row).

    Returns:
        The loss, and its parts (detached, unweighted) by name.
    """
    terms = [("high", logits.high, weights.high, image_weights)]
    if logits.low is not None:
        terms.append(("low", logits.low, weights.low, None))
    if logits.middle is not None:
        terms.append(("middle", logits.middle, weights.middle, None))
    terms += [
        (f"branch_{number}", branch, weights.branches, image_weights)
        for number, branch in enumerate(logits.branches)
    ]
    total = logits.high.new_zeros(())
    parts = {}
    for name, maps, weight, per_image in terms:
        part = pixel_cross_entropy(maps, labels, class_weights, per_image, mean_over_processes)
        parts[f"ce_{name}"] = part.detach()
        total = total + weight * part
    return total, parts
