"""The `[adversarial]` section: discriminators and their game with the generator."""

from typing import Literal

from pydantic import Field

from training.config.section import Section

DiscriminatorKind = Literal["macro", "micro", "middle", "whole"]
"""Macro D on the low output, Micro D on the high one, mAN's third on the middle one, and a
discriminator that sees the whole high output at once (sAN, dAN, ASN)."""


class AdversarialSection(Section):
    """The defaults are the MMAN paper's, and the release's where the paper is silent."""

    weights: dict[DiscriminatorKind, float] = Field(
        min_length=1, description="discriminators, each with the weight of its term"
    )
    objective: Literal["lsgan", "bce"] = "lsgan"
    temperature: float = Field(default=5.0, gt=0, description="of the softmax they are shown")
    whole_side: Literal[64, 128, 256] = Field(
        default=256, description="cells of the map that `whole` judges; other maps are sampled"
    )
    step_probability: float = Field(
        default=0.1, gt=0, le=1, description="of a discriminator step per iteration, one coin"
    )
    learning_rate: float = Field(default=2e-4, gt=0)
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = Field(default=1e-4, ge=0)
