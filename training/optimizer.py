"""Optimisers in groups, and how their rate goes over a run."""

import math

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from training.config.schedule import ScheduleSection

POLY_POWER = 0.9
"""DeepLabV2's."""


def make_optimizer(network: nn.Module, encoder: nn.Module, schedule: ScheduleSection) -> Optimizer:
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
            rate = schedule.encoder_learning_rate if in_encoder else schedule.learning_rate
            groups.append(
                {
                    "params": chosen,
                    "lr": rate if decays else rate * schedule.bias_rate_factor,
                    "weight_decay": schedule.weight_decay if decays else 0.0,
                }
            )
    match schedule.optimizer:
        case "adamw":
            return AdamW(groups, betas=schedule.betas)
        case "adam":
            return Adam(groups, betas=schedule.betas)
        case "sgd":
            return SGD(groups, momentum=schedule.momentum)


def make_scheduler(
    optimizer: Optimizer, schedule: ScheduleSection, steps_per_epoch: int
) -> LambdaLR:
    """Factor of the rate per step: a line up to 1, then the schedule's way down."""
    warmup = schedule.warmup_steps
    total = steps_per_epoch * schedule.epochs

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        left = 1 - min(1.0, (step - warmup) / max(1, total - warmup))
        match schedule.decay:
            case "cosine":
                return 0.5 * (1 - math.cos(math.pi * left))
            case "poly":
                return math.pow(left, POLY_POWER)
            case "steps":
                epoch = step // steps_per_epoch
                passed = sum(epoch >= milestone for milestone in schedule.milestones)
                return 0.1**passed
            case "constant":
                return 1.0

    return LambdaLR(optimizer, factor)
