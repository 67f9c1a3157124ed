"""Training of the person finder: from a config to a run folder with checkpoints and a history."""

import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

from limn.ops import tensor as ops
from training.averaging import average_of
from training.checkpoint import load_checkpoint, save_checkpoint
from training.datasets.dataset import ParsingDataset, Split
from training.datasets.listing import read_ids
from training.datasets.open import open_dataset
from training.errors import CheckpointError, DatasetError
from training.optimizer import Rates, cosine_factor, parameter_groups
from training.persons.batches import make_batches, on_canvas, size_of_aspect
from training.persons.compose import Composed, Material
from training.persons.config import PersonsConfig
from training.persons.cutouts import read_cutouts, read_photos
from training.persons.finder import PersonFinder
from training.persons.network import PersonNetwork
from training.persons.score import average_precision
from training.persons.targets import loss_of
from training.progress import progress_bar

LAST, BEST, HISTORY = "last.pt", "best.pt", "history.csv"
VALIDATION_PHOTOS = 64
VALIDATION_SEED = 1_000_003


@dataclass
class _Run:
    """What changes while training."""

    network: PersonNetwork
    averaged: AveragedModel
    optimizer: torch.optim.Optimizer
    scheduler: LambdaLR
    step: int
    history: list[dict[str, float]]

    def state(self, config: PersonsConfig) -> dict[str, Any]:
        return {
            "config": config.model_dump_json(),
            "network": self.network.state_dict(),
            "averaged": self.averaged.module.state_dict(),
            "updates": int(self.averaged.n_averaged),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "step": self.step,
            "history": self.history,
        }

    def restore(self, path: Path, config: PersonsConfig) -> None:
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
        self.step, self.history = content["step"], content["history"]


def train(config: PersonsConfig, folder: Path) -> Path:
    """Train until the config's last step; the same call continues a run that was cut off.

    Returns:
        Path of the best checkpoint, by average precision of the averaged weights on photos
        composed of val.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fabric = Fabric(accelerator="auto", devices=1, precision=config.precision)  # type: ignore[arg-type]
    fabric.launch()
    fabric.seed_everything(config.seed, verbose=False)
    material = read_material(config, "train")
    validation = composed_photos(read_material(config, "val"), config.side)
    run = _start(config, fabric)
    if (folder / LAST).exists():
        run.restore(folder / LAST, config)
    network, optimizer = fabric.setup(run.network, run.optimizer)
    losses: list[Tensor] = []
    began = time.monotonic()
    with progress_bar(shown=True) as progress:
        bar = progress.add_task(config.name, total=config.steps, completed=run.step)
        for canvases, targets in make_batches(material, config, run.step):
            network.train()
            found = network(_pixels(run.network, canvases.to(fabric.device)))
            parts = torch.stack(loss_of(found, targets))
            fabric.backward(parts.sum())
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            run.scheduler.step()
            run.averaged.update_parameters(run.network)
            losses.append(parts.detach())
            run.step += 1
            progress.update(bar, advance=1)
            if run.step % config.validate_every == 0 or run.step == config.steps:
                heat, edges = torch.stack(losses).mean(0).tolist()
                losses.clear()
                row = {"step": run.step, "heat": heat, "edges": edges}
                row["seconds"] = time.monotonic() - began
                row["average_precision"] = validate(run.averaged.module, validation)
                _finish(run, config, row, folder)
                progress.console.print(row)
    return folder / BEST


def _start(config: PersonsConfig, fabric: Fabric) -> _Run:
    network = PersonNetwork()
    content = load_checkpoint(config.initial)
    if "up.project.weight" in content["averaged"]:
        network.load_state_dict(content["averaged"])
    else:
        network.start_from(content["averaged"])
    network = network.to(fabric.device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rates = Rates(config.learning_rate, config.encoder_learning_rate, config.weight_decay)
    optimizer = AdamW(parameter_groups(network, network.encoder, rates))

    def factor(step: int) -> float:
        return cosine_factor(step, config.warmup_steps, config.steps)

    averaged = average_of(network, config.ema_decay)
    return _Run(network, averaged, optimizer, LambdaLR(optimizer, factor), 0, [])


def _finish(run: _Run, config: PersonsConfig, row: dict[str, float], folder: Path) -> None:
    """Keep what was reached."""
    best = max((one["average_precision"] for one in run.history), default=-1.0)
    run.history.append(row)
    with (folder / HISTORY).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerows(run.history)
    if row["average_precision"] > best:
        save_checkpoint(folder / BEST, run.state(config))
    save_checkpoint(folder / LAST, run.state(config))


def open_sources(config: PersonsConfig, split: Split) -> list[ParsingDataset]:
    return [open_dataset("lip", source.root, split) for source in config.sources]


def read_material(config: PersonsConfig, split: Split) -> Material:
    """Persons of all sources, and the photos of the first, which are of real places."""
    datasets = open_sources(config, split)
    height = config.cutout_height
    photos = read_photos(datasets[0], height, left_out(config))
    return Material(read_cutouts(datasets, height), photos)


def left_out(config: PersonsConfig) -> set[str]:
    """Photos that are neither places nor shown as they are."""
    if config.crowded is None:
        return set()
    if not config.crowded.is_file():
        raise DatasetError(f"there is no list of photos {config.crowded}")
    return set(read_ids(config.crowded))


def composed_photos(
    material: Material, longest: int, count: int = VALIDATION_PHOTOS, seed: int = VALIDATION_SEED
) -> list[Composed]:
    """Photos of 0 to 5 persons in turn, always the same."""
    photos = []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        size = size_of_aspect(float(np.exp(rng.uniform(*np.log((0.6, 1.8))))), longest)
        photos.append(material.compose(size, number % 6, rng))
    return photos


def validate(network: torch.nn.Module, photos: Sequence[Composed]) -> float:
    """Average precision of a network on photos."""
    assert isinstance(network, PersonNetwork)
    finder = PersonFinder(network).eval()
    found, truths = [], []
    for photo in photos:
        side = max(photo.image.shape[:2])
        canvas, boxes = on_canvas(photo, side)
        device = next(network.parameters()).device
        with torch.inference_mode():
            answer, scores = finder(_pixels(network, torch.from_numpy(canvas)[None].to(device)))
        found.append((answer[0].cpu().numpy(), scores[0].cpu().numpy()))
        truths.append(boxes)
    return average_precision(found, truths)


def _pixels(network: PersonNetwork, canvases: Tensor) -> Tensor:
    """Normalised float32[B, 3, S, S] of canvases uint8[B, S, S, 3]."""
    side = canvases.shape[1]
    pixels = ops.preprocess(canvases, (side, side), network.mean, network.std)
    return pixels.contiguous(memory_format=torch.channels_last)
