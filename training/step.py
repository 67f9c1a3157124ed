"""One batch of training: forward, the game with the discriminators, backward, the optimisers."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule
from torch import Tensor

from limn.ops import tensor as ops
from training.config.schedule import ScheduleSection
from training.errors import TrainingDiverged
from training.objective import ParsingObjective
from training.run import Run

LOOK_EVERY = 50
"""Steps between two looks at whether the loss is still a number; a look waits for the GPU."""


@dataclass
class TrainingStep:
    """What takes a run forward by one batch.

    Attributes:
        run: what changes.
        network, optimizer: of `run`, as Fabric wrapped them.
        figures: of this epoch so far: a scalar per batch and name, on the device.
    """

    fabric: Fabric
    run: Run
    network: _FabricModule
    optimizer: torch.optim.Optimizer
    objective: ParsingObjective
    schedule: ScheduleSection
    figures: dict[str, list[Tensor]] = field(default_factory=lambda: defaultdict(list))

    def __call__(
        self, images: Tensor, labels: Tensor, coins: np.random.Generator, last: bool
    ) -> None:
        """Take in one batch; step the optimisers after the last one of those that accumulate.

        Args:
            images: uint8[B, H, W, 3] RGB.
            labels: int64[B, H, W].
            coins: decide whether the discriminators step; equal on all processes, or one would wait
                for a step that the others do not take.
            last: of the batches that make one optimiser step.
        """
        labels = labels.to(self.fabric.device)
        mean, std = self.run.network.mean, self.run.network.std
        pixels = ops.normalise(images.to(self.fabric.device), mean, std)
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        with self.fabric.no_backward_sync(self.network, enabled=not last):
            loss = self._loss(pixels, labels, coins)
            self.fabric.backward(loss / self.schedule.accumulate)
        if last:
            self._update()

    def means(self) -> dict[str, float]:
        """Of every figure over the epoch, which ends with this."""
        self.look()
        means = {name: float(torch.stack(seen).mean()) for name, seen in self.figures.items()}
        self.figures.clear()
        return means

    def look(self) -> None:
        """Raises TrainingDiverged where a loss of this epoch is not a finite number."""
        finite = torch.stack(self.figures["loss"]).isfinite()
        if not finite.all():
            batch = int(finite.logical_not().nonzero()[0]) + 1
            raise TrainingDiverged(self.run.epoch + 1, batch)

    def _loss(self, pixels: Tensor, labels: Tensor, coins: np.random.Generator) -> Tensor:
        logits = self.network(pixels)
        loss, seen = self.objective(logits, labels)
        adversary = self.run.adversary
        if adversary is not None:
            duels = adversary.duels(pixels, logits, labels)
            if coins.random() < adversary.section.step_probability:
                seen |= adversary.step(duels)
            price, more = adversary.generator_term(duels)
            loss, seen = loss + price, seen | more
        for name, value in {"loss": loss.detach(), **seen}.items():
            self.figures[name].append(value)
        return loss

    def _update(self) -> None:
        run, schedule = self.run, self.schedule
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        run.scheduler.step()
        if run.adversary is not None:
            top_rate = schedule.learning_rate * schedule.bias_rate_factor
            run.adversary.set_rate(float(run.scheduler.get_last_lr()[-1]) / top_rate)
        run.averaged.update_parameters(run.network)
        if len(self.figures["loss"]) % (LOOK_EVERY * schedule.accumulate) == 0:
            self.look()
