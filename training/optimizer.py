"""Optimisers in groups, and how their rate goes over a run."""

import math
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from training.config.schedule import ScheduleSection

POLY_POWER = 0.9
"""DeepLabV2's."""


@dataclass(frozen=True)
class Rates:
    """Learning rates and weight decay, by kind of parameter."""

    new: float
    encoder: float
    weight_decay: float
    bias_factor: float = 1.0


def parameter_groups(network: nn.Module, encoder: nn.Module, rates: Rates) -> list[dict[str, Any]]:
    """Encoder and new layers at their own rates; no decay on biases and norms."""
    pretrained = {id(parameter) for parameter in encoder.parameters()}
    groups = []
    for in_encoder in (True, False):
        for decays in (True, False):
            chosen = [
                parameter
                for parameter in network.parameters()
                if (id(parameter) in pretrained) == in_encoder and (parameter.ndim > 1) == decays
            ]
            rate = rates.encoder if in_encoder else rates.new
            groups.append(
                {
                    "params": chosen,
                    "lr": rate if decays else rate * rates.bias_factor,
                    "weight_decay": rates.weight_decay if decays else 0.0,
                }
            )
    return groups


def make_optimizer(network: nn.Module, encoder: nn.Module, schedule: ScheduleSection) -> Optimizer:
    """The schedule's optimiser over those groups."""
    rates = Rates(
        schedule.learning_rate,
        schedule.encoder_learning_rate,
        schedule.weight_decay,
        schedule.bias_rate_factor,
    )
    groups = parameter_groups(network, encoder, rates)
    match schedule.optimizer:
        case "adamw":
            return AdamW(groups, betas=schedule.betas)
        case "adam":
            return Adam(groups, betas=schedule.betas)
        case "sgd":
            return SGD(groups, momentum=schedule.momentum)


def cosine_factor(step: int, warmup_steps: int, steps: int) -> float:
    """Factor of the rate at a step: a line up to 1, then half a cosine down to 0 at `steps`."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return 0.5 * (1 - math.cos(math.pi * _left(step, warmup_steps, steps)))


def _left(step: int, warmup_steps: int, steps: int) -> float:
    """Share of the steps after warming up that is left."""
    return 1 - min(1.0, (step - warmup_steps) / max(1, steps - warmup_steps))


def make_scheduler(
    optimizer: Optimizer, schedule: ScheduleSection, steps_per_epoch: int
) -> LambdaLR:
    """Factor of the rate per step: a line up to 1, then the schedule's way down."""
    warmup = schedule.warmup_steps
    total = steps_per_epoch * schedule.epochs

    def factor(step: int) -> float:
        if schedule.decay == "cosine" or step < warmup:
            return cosine_factor(step, warmup, total)
        match schedule.decay:
            case "poly":
                return math.pow(_left(step, warmup, total), POLY_POWER)
            case "steps":
                epoch = step // steps_per_epoch
                passed = sum(epoch >= milestone for milestone in schedule.milestones)
                return 0.1**passed
            case "constant":
                return 1.0

    return LambdaLR(optimizer, factor)
