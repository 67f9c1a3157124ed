"""The game between a generator and its discriminators (MMAN paper, section 3.3).

LSGAN (Mao et al., ICCV 2017) as the release trains; the logarithmic form that the paper prints is
the other choice. Discriminators answer raw scores; every mean is over all scores of a batch.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Objective = Literal["lsgan", "bce"]


def score_loss(scores: Tensor, real: bool, objective: Objective) -> Tensor:
    """How far raw scores are from saying that the maps are real, or that they are not."""
    target = torch.full_like(scores.float(), float(real))
    if objective == "lsgan":
        return F.mse_loss(scores.float(), target)
    return F.binary_cross_entropy_with_logits(scores.float(), target)


def discriminator_loss(real: Tensor, fake: Tensor, objective: Objective) -> Tensor:
    """Half for the annotated maps, half for the predicted ones."""
    return (score_loss(real, True, objective) + score_loss(fake, False, objective)) / 2


def generator_loss(fake: Tensor, objective: Objective) -> Tensor:
    """What the generator pays for being found out; non-saturating."""
    return score_loss(fake, True, objective)


def soft_maps(logits: Tensor, temperature: float) -> Tensor:
    """float32[B, K, h, w] that sums to 1: softmax of the logits times `temperature`.

    A factor of 5 (release) brings soft predictions nearer to the 0 and 1 of annotated maps, so that
    a discriminator cannot tell them by that alone.
    """
    return (logits.float() * temperature).softmax(dim=1)
