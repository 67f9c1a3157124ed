"""Everything that changes while training, and its way into a checkpoint and back."""

from dataclasses import dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch.optim.swa_utils import AveragedModel

from training.adversary import Adversary
from training.averaging import average_of
from training.checkpoint import load_checkpoint
from training.config.run import TrainingConfig
from training.errors import CheckpointError
from training.history import History
from training.networks.build import build_network, load_pretrained
from training.networks.parsing_network import ParsingNetwork
from training.optimizer import make_optimizer, make_scheduler


@dataclass
class Run:
    """A run between two steps; all of it is in a checkpoint."""

    network: ParsingNetwork
    averaged: AveragedModel
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LambdaLR
    adversary: Adversary | None
    history: History
    epoch: int = 0

    @property
    def averaged_network(self) -> ParsingNetwork:
        """The network with averaged weights, in evaluation mode."""
        network = self.averaged.module
        assert isinstance(network, ParsingNetwork)
        return network.eval()

    def state(self, config: TrainingConfig) -> dict[str, object]:
        return {
            "config": config.model_dump_json(),
            "network": self.network.state_dict(),
            "averaged": self.averaged.module.state_dict(),
            "updates": int(self.averaged.n_averaged),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "adversary": self.adversary.state() if self.adversary else None,
            "history": self.history.rows(),
            "epoch": self.epoch,
        }

    def restore(self, path: Path, config: TrainingConfig) -> None:
        """Continue from a checkpoint of the same config."""
        content = load_checkpoint(path)
        if content["config"] != config.model_dump_json():
            raise CheckpointError(
                f"{path} was made by another config; give this run a folder of its own"
            )
        self.network.load_state_dict(content["network"])
        self.averaged.module.load_state_dict(content["averaged"])
        self.averaged.n_averaged.fill_(content["updates"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.scheduler.load_state_dict(content["scheduler"])
        if self.adversary is not None:
            self.adversary.restore(content["adversary"])
        self.history = History.of(content["history"])
        self.epoch = content["epoch"]


def start(config: TrainingConfig, fabric: Fabric, classes: int, steps_per_epoch: int) -> Run:
    """Network with its first weights, averaged copy, optimisers and schedules."""
    schedule = config.schedule
    network = build_network(config.model, classes)
    load_pretrained(network, config.model)
    if fabric.world_size > 1 and fabric.device.type == "cuda":
        # Statistics of one process's few pictures would be noise.
        network = torch.nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    network = network.to(fabric.device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = average_of(network, schedule.ema_decay)
    optimizer = make_optimizer(network, network.encoder, schedule)
    scheduler = make_scheduler(optimizer, schedule, steps_per_epoch)
    adversary = None
    if config.adversarial is not None:
        adversary = Adversary(config.adversarial, classes, fabric)
    return Run(network, averaged, optimizer, scheduler, adversary, History())
