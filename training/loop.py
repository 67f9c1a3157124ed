"""The training loop: from a config to a run folder with checkpoints, curves and pictures."""

import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from limn.ops import tensor as ops
from training.augment.recipe import Recipe, scaled_canvas
from training.averaging import average_of
from training.checkpoint import load_checkpoint, save_checkpoint
from training.config.run import TrainingConfig
from training.datasets.dataset import ParsingDataset
from training.datasets.open import open_dataset
from training.datasets.statistics import ClassStatistics, count_classes
from training.errors import CheckpointError, DatasetError
from training.history import EpochRecord, History
from training.loader import BatchPlan, make_loader
from training.losses import dual_cross_entropy
from training.networks.build import build_network, load_pretrained
from training.networks.parsing_network import ParsingNetwork
from training.optimizer import make_optimizer, make_scheduler
from training.sheets import save_sheet
from training.validation import CanvasSet

LAST = "last.pt"
BEST = "best.pt"


@dataclass
class Run:
    """Everything that changes while training; all of it is in a checkpoint."""

    network: ParsingNetwork
    averaged: AveragedModel
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LambdaLR
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
        self.history = History.of(content["history"])
        self.epoch = content["epoch"]


def train(config: TrainingConfig, folder: Path) -> Path:
    """Train until the config's last epoch; the same call continues a run that was cut off.

    Args:
        config: what to train, on what, for how long.
        folder: run folder; gets config, environment, TensorBoard scalars, `history.csv`,
            `curves.png`, a sheet of predictions, `last.pt` and `best.pt`.

    Returns:
        Path of the best checkpoint by mIoU of the averaged weights on canvases of val.
    """
    folder.mkdir(parents=True, exist_ok=True)
    schedule, data = config.schedule, config.data
    fabric = Fabric(
        accelerator="auto",
        devices=1,
        precision=schedule.precision,
        loggers=TensorBoardLogger(folder, name="", version="tensorboard"),
    )
    fabric.seed_everything(schedule.seed, verbose=False)

    training_set = open_dataset(data.layout, data.root, "train", data.longest_side)
    validation_set = open_dataset(data.layout, data.root, "val", data.longest_side)
    statistics = count_classes(training_set)
    plan, batches = make_batches(config, training_set, statistics)
    canvases = CanvasSet(validation_set, data.canvas)
    weights = torch.from_numpy(statistics.class_weights(schedule.class_weight_power)).to(
        fabric.device
    )

    run = start(config, fabric, len(training_set.label_set), steps=len(plan) * schedule.epochs)
    if (folder / LAST).exists():
        run.restore(folder / LAST, config)
    write_facts(folder, config, fabric)
    network, optimizer = fabric.setup(run.network, run.optimizer)
    with progress_bar() as progress:
        bar = progress.add_task(
            config.name, total=len(plan) * schedule.epochs, completed=len(plan) * run.epoch
        )
        while run.epoch < schedule.epochs:
            plan.epoch = run.epoch
            seed_epoch(schedule.seed, run.epoch)
            losses = []
            for images, labels in batches:
                pixels = ops.normalise(images.to(fabric.device), network.mean, network.std)
                pixels = pixels.contiguous(memory_format=torch.channels_last)
                logits = network(pixels)
                loss, _ = dual_cross_entropy(
                    logits.low, logits.high, labels.to(fabric.device), weights
                )
                fabric.backward(loss)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                run.scheduler.step()
                run.averaged.update_parameters(run.network)
                losses.append(loss.detach())
                progress.update(bar, advance=1)
            run.epoch += 1
            finish_epoch(config, fabric, run, canvases, torch.stack(losses).mean(), folder)
            progress.console.print(run.history.summary())
    return folder / BEST


def seed_epoch(seed: int, epoch: int) -> None:
    """Let dropout draw the same in every run, also in one that was cut off and resumed."""
    (state,) = np.random.SeedSequence((seed, epoch)).generate_state(1)
    torch.manual_seed(int(state))


def start(config: TrainingConfig, fabric: Fabric, classes: int, steps: int) -> Run:
    """Network with its pretrained encoder, averaged copy, optimiser and schedule."""
    network = build_network(config.model, classes)
    load_pretrained(network, config.model)
    network = network.to(fabric.device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = average_of(network, config.schedule.ema_decay)
    optimizer = make_optimizer(network, network.encoder, config.schedule)
    scheduler = make_scheduler(optimizer, config.schedule.warmup_steps, steps)
    return Run(network, averaged, optimizer, scheduler, History())


def make_batches(
    config: TrainingConfig, dataset: ParsingDataset, statistics: ClassStatistics
) -> tuple[BatchPlan, torch.utils.data.DataLoader[tuple[Tensor, Tensor]]]:
    """The plan of what each epoch draws, and the loader that draws it."""
    data, schedule = config.data, config.schedule
    plan = BatchPlan(
        statistics.repeat_factors(),
        schedule.batch_size,
        [
            scaled_canvas(data.canvas, scale, config.model.size_multiple)
            for scale in data.canvas_scales
        ],
        schedule.seed,
    )
    if len(plan) == 0:
        raise DatasetError(
            f"{dataset.root} has {len(dataset)} training pictures, fewer than a batch of"
            f" {schedule.batch_size}"
        )
    recipe = Recipe(dataset, statistics.rare_classes(), data.view_shares)
    return plan, make_loader(recipe, plan, schedule.workers)


def finish_epoch(
    config: TrainingConfig,
    fabric: Fabric,
    run: Run,
    canvases: CanvasSet,
    loss: Tensor,
    folder: Path,
) -> None:
    """Validate the averaged weights when it is time, write curves and checkpoints."""
    record = EpochRecord(run.epoch, float(loss), float(run.scheduler.get_last_lr()[-1]))
    last = run.epoch == config.schedule.epochs
    is_best = False
    if last or run.epoch % config.schedule.validate_every == 0:
        predictions = canvases.predictions(run.averaged_network)
        accuracy = canvases.accuracy(predictions)
        record.mean_iou, record.pixel_accuracy = accuracy.mean_iou, accuracy.pixel_accuracy
        is_best = accuracy.mean_iou > run.history.best_mean_iou
        save_sheet(folder / "predictions.jpg", canvases, predictions)
    run.history.add(record)
    run.history.save(folder)
    fabric.log_dict(record.scalars(), step=run.epoch)
    save_checkpoint(folder / LAST, run.state(config))
    if is_best:
        save_checkpoint(folder / BEST, run.state(config))


def write_facts(folder: Path, config: TrainingConfig, fabric: Fabric) -> None:
    """What was run, on what."""
    (folder / "config.json").write_text(config.model_dump_json(indent=2))
    facts = {
        "python": platform.python_version(),
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "lightning_fabric": version("lightning-fabric"),
        "device": str(fabric.device),
        "threads": torch.get_num_threads(),
    }
    (folder / "environment.json").write_text(json.dumps(facts, indent=2))


def progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("steps"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
