"""AdamW in groups, with a warm-up and a cosine down to zero."""

import math

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from training.config.schedule import ScheduleSection


def make_optimizer(network: nn.Module, encoder: nn.Module, schedule: ScheduleSection) -> AdamW:
    """Encoder and new layers at their own rates; no decay on biases and on BatchNorm."""
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
            decay = schedule.weight_decay if decays else 0.0
            groups.append({"params": chosen, "lr": rate, "weight_decay": decay})
    return AdamW(groups)


def make_scheduler(optimizer: AdamW, warmup_steps: int, total_steps: int) -> LambdaLR:
    """Factor of the rate per step: a line up to 1, then half a cosine to 0."""

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        done = (step - warmup_steps) / max(1, total_steps - warmup_steps)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    return LambdaLR(optimizer, factor)
