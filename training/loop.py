"""The training loop: from a config to a run folder with checkpoints, curves and pictures."""

import json
import os
import platform
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from torch import Tensor

from training.batches import class_weights, count_if_needed, make_batches, open_training
from training.checkpoint import save_checkpoint
from training.config.run import TrainingConfig
from training.datasets.open import SPLITS, open_dataset
from training.history import EpochRecord
from training.loader import Share
from training.losses.cross_entropy import Reduce
from training.losses.sides import side_pairs
from training.losses.structure import joint_table
from training.objective import ParsingObjective
from training.progress import progress_bar
from training.run import Run, start
from training.sheets import save_sheet
from training.step import TrainingStep
from training.validation import CanvasSet

LAST = "last.pt"
BEST = "best.pt"


def train(config: TrainingConfig, folder: Path) -> Path:
    """Train until the config's last epoch; the same call continues a run that was cut off.

    Under `torchrun` every process calls it, and each takes its share of every batch.

    Args:
        config: what to train, on what, for how long.
        folder: run folder; gets config, environment, TensorBoard scalars and pictures,
            `history.csv`, `curves.png`, a sheet of predictions, `last.pt` and `best.pt`.

    Returns:
        Path of the best checkpoint by mIoU of the averaged weights on canvases of val.

    Raises:
        TrainingDiverged: the loss is no longer a number; checkpoints are those of the epoch before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    schedule, data = config.schedule, config.data
    fabric = launch_fabric(config, folder)
    fabric.seed_everything(schedule.seed, verbose=False)

    training_sets = open_training(config)
    validation_set = open_dataset(data.layout, data.root, SPLITS[data.layout][1], data.longest_side)
    label_set = validation_set.label_set
    statistics = count_if_needed(config, training_sets)
    share = Share(fabric.global_rank, fabric.world_size)
    plan, batches = make_batches(config, training_sets, statistics, share)
    canvases = CanvasSet(validation_set, data.canvas) if fabric.is_global_zero else None
    weights = class_weights(config, statistics, len(label_set)).to(fabric.device)
    joints, pairs = (table(label_set).to(fabric.device) for table in (joint_table, side_pairs))
    objective = ParsingObjective(config, weights, joints, pairs, mean_over_processes(fabric))
    steps_per_epoch = len(plan) // schedule.accumulate
    run = start(config, fabric, len(label_set), steps_per_epoch)
    if (folder / LAST).exists():
        run.restore(folder / LAST, config)
    write_facts(folder, config, fabric)
    network, optimizer = fabric.setup(run.network, run.optimizer)
    if run.adversary is not None:
        run.adversary.launch()

    step = TrainingStep(fabric, run, network, optimizer, objective, schedule)
    with progress_bar(shown=fabric.is_global_zero) as progress:
        total, done = (steps_per_epoch * epochs for epochs in (schedule.epochs, run.epoch))
        bar = progress.add_task(config.name, total=total, completed=done)
        while run.epoch < schedule.epochs:
            plan.epoch = run.epoch
            seed_epoch(schedule.seed, run.epoch, fabric.global_rank)
            coins = np.random.default_rng((schedule.seed, run.epoch))
            # Batches that would not fill a step are left for an epoch that draws them earlier.
            used = islice(batches, steps_per_epoch * schedule.accumulate)
            for number, (images, labels) in enumerate(used, start=1):
                is_step = number % schedule.accumulate == 0
                step(images, labels, coins, last=is_step)
                progress.update(bar, advance=int(is_step))
            means = step.means()
            run.epoch += 1
            if canvases is not None:
                finish_epoch(config, fabric, run, canvases, means, folder)
                progress.console.print(run.history.summary())
            fabric.barrier()
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    return folder / BEST


def launch_fabric(config: TrainingConfig, folder: Path) -> Fabric:
    """One process, or one of those that `torchrun` started."""
    together = int(os.environ.get("WORLD_SIZE", "1"))
    on_this_machine = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    fabric = Fabric(
        accelerator="auto",
        devices=on_this_machine,
        num_nodes=together // on_this_machine,
        strategy="ddp" if together > 1 else "auto",
        precision=config.schedule.precision,
        loggers=TensorBoardLogger(folder, name="", version="tensorboard"),
    )
    fabric.launch()
    return fabric


def mean_over_processes(fabric: Fabric) -> Reduce:
    def mean(value: Tensor) -> Tensor:
        reduced = fabric.all_reduce(value, reduce_op="mean")
        assert isinstance(reduced, Tensor)
        return reduced

    return mean


def seed_epoch(seed: int, epoch: int, rank: int) -> None:
    """Let dropout draw the same in every run, also in one that was cut off and resumed."""
    (state,) = np.random.SeedSequence((seed, epoch, rank)).generate_state(1)
    torch.manual_seed(int(state))


def finish_epoch(
    config: TrainingConfig,
    fabric: Fabric,
    run: Run,
    canvases: CanvasSet,
    means: dict[str, float],
    folder: Path,
) -> None:
    """Validate the averaged weights when it is time, write curves and checkpoints."""
    loss = means.pop("loss")
    rate = float(run.scheduler.get_last_lr()[-1])
    record = EpochRecord(run.epoch, loss, rate, figures=means)
    last = run.epoch == config.schedule.epochs
    is_best = False
    if last or run.epoch % config.schedule.validate_every == 0:
        predictions = canvases.predictions(run.averaged_network)
        accuracy = canvases.accuracy(predictions)
        record.mean_iou, record.pixel_accuracy = accuracy.mean_iou, accuracy.pixel_accuracy
        is_best = accuracy.mean_iou > run.history.best_mean_iou
        sheet = save_sheet(folder / "predictions.jpg", canvases, predictions)
        board = fabric.logger
        assert isinstance(board, TensorBoardLogger)
        board.experiment.add_image("photo, truth, prediction", sheet, run.epoch, dataformats="HWC")
    run.history.add(record)
    run.history.save(folder)
    fabric.log_dict(record.scalars(), step=run.epoch)
    if is_best:
        # First: once the last one has it in its history, this epoch is never validated again.
        save_checkpoint(folder / BEST, run.state(config))
    save_checkpoint(folder / LAST, run.state(config))


def write_facts(folder: Path, config: TrainingConfig, fabric: Fabric) -> None:
    """What was run, on what."""
    if not fabric.is_global_zero:
        return
    (folder / "config.json").write_text(config.model_dump_json(indent=2))
    facts = {
        "python": platform.python_version(),
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "lightning_fabric": version("lightning-fabric"),
        "device": str(fabric.device),
        "processes": fabric.world_size,
        "threads": torch.get_num_threads(),
    }
    (folder / "environment.json").write_text(json.dumps(facts, indent=2))
