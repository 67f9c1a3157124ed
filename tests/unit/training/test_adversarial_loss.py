import math

import pytest
import torch

from training.losses.adversarial import (
    Objective,
    discriminator_loss,
    generator_loss,
    soft_maps,
)

SCORES = torch.tensor([0.0, 2.0])


def test_lsgan_by_hand() -> None:
    # Real: ((0 - 1)^2 + (2 - 1)^2) / 2 = 1. Fake: (0^2 + 2^2) / 2 = 2. Half of both: 1.5.
    assert discriminator_loss(SCORES, SCORES, "lsgan").item() == pytest.approx(1.5)
    assert generator_loss(SCORES, "lsgan").item() == pytest.approx(1.0)


def test_bce_by_hand() -> None:
    def softplus(x: float) -> float:
        return math.log(1 + math.exp(x))

    real = (softplus(0) + softplus(-2)) / 2
    fake = (softplus(0) + softplus(2)) / 2

    assert discriminator_loss(SCORES, SCORES, "bce").item() == pytest.approx((real + fake) / 2)
    assert generator_loss(SCORES, "bce").item() == pytest.approx(real)


@pytest.mark.parametrize("objective", ["lsgan", "bce"])
def test_generator_gains_where_it_looks_real(objective: Objective) -> None:
    scores = torch.zeros(3, requires_grad=True)

    generator_loss(scores, objective).backward()  # type: ignore[no-untyped-call]

    assert scores.grad is not None
    assert (scores.grad < 0).all()


def test_bf16_scores_are_weighed_in_fp32() -> None:
    assert generator_loss(SCORES.bfloat16(), "lsgan").dtype == torch.float32


def test_temperature_sharpens_maps() -> None:
    logits = torch.tensor([0.0, math.log(2)]).view(1, 2, 1, 1)

    assert soft_maps(logits, 1.0).flatten().tolist() == pytest.approx([1 / 3, 2 / 3])
    # 2^5 against 1.
    assert soft_maps(logits, 5.0).flatten().tolist() == pytest.approx([1 / 33, 32 / 33])
