"""The batches of a run: which pictures, at which sizes, for which process."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from training.augment.recipe import scaled_canvas
from training.augment.recipes import make_recipe
from training.config.run import TrainingConfig
from training.datasets.dataset import ParsingDataset
from training.datasets.joined import joined
from training.datasets.open import open_dataset
from training.datasets.statistics import ClassStatistics, count_classes
from training.errors import DatasetError
from training.loader import BatchPlan, Group, Share, make_loader


def needs_statistics(config: TrainingConfig) -> bool:
    """Whether anything of a run depends on how often classes occur; counting reads every map."""
    return (
        config.schedule.sampling != "uniform"
        or config.loss.class_weight_power > 0
        or config.data.recipe == "limn"
    )


def class_weights(
    config: TrainingConfig, statistics: Sequence[ClassStatistics] | None, classes: int
) -> Tensor:
    """float32[K] of the cross-entropies; a companion does not change them."""
    if statistics is None or config.loss.class_weight_power == 0:
        return torch.ones(classes)
    return torch.from_numpy(statistics[0].class_weights(config.loss.class_weight_power))


def open_training(config: TrainingConfig) -> list[ParsingDataset]:
    """What is trained on: the data set, and its companion where it has one."""
    data = config.data
    roots = [data.root, *([data.companion.root] if data.companion is not None else [])]
    return [open_dataset(data.layout, root, "train", data.longest_side) for root in roots]


def count_if_needed(
    config: TrainingConfig, datasets: Sequence[ParsingDataset]
) -> list[ClassStatistics] | None:
    """Of each; None where nothing depends on it."""
    return [count_classes(dataset) for dataset in datasets] if needs_statistics(config) else None


def make_batches(
    config: TrainingConfig,
    datasets: Sequence[ParsingDataset],
    statistics: Sequence[ClassStatistics] | None,
    share: Share,
) -> tuple[BatchPlan, torch.utils.data.DataLoader[tuple[Tensor, Tensor]]]:
    """The plan of what each epoch draws, and the loader that draws a process's share of it."""
    data, schedule = config.data, config.schedule
    factors = [np.ones(len(dataset)) for dataset in datasets]
    if statistics is not None and schedule.sampling == "repeat-factor":
        factors = [counted.repeat_factors() for counted in statistics]
    beside = [data.companion.per_batch] if data.companion is not None else []
    plan = BatchPlan(
        list(map(Group, factors, [schedule.batch_size - sum(beside), *beside])),
        [
            scaled_canvas(data.canvas, scale, config.model.size_multiple)
            for scale in data.canvas_scales
        ],
        schedule.seed,
        share,
    )
    if len(plan) < schedule.accumulate:
        needed = schedule.batch_size * share.processes * schedule.accumulate
        raise DatasetError(
            f"{datasets[0].root} has {len(datasets[0])} training pictures, fewer than a batch of"
            f" {needed}"
        )
    rare = statistics[0].rare_classes() if statistics is not None else np.empty(0, np.intp)
    return plan, make_loader(make_recipe(data, joined(datasets), rare), plan, schedule.workers)
