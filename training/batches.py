"""The batches of a run: which pictures, at which sizes, for which process."""

import numpy as np
import torch
from torch import Tensor

from training.augment.recipe import scaled_canvas
from training.augment.recipes import make_recipe
from training.config.run import TrainingConfig
from training.datasets.dataset import ParsingDataset
from training.datasets.statistics import ClassStatistics, count_classes
from training.errors import DatasetError
from training.loader import BatchPlan, Share, make_loader


def needs_statistics(config: TrainingConfig) -> bool:
    """Whether anything of a run depends on how often classes occur; counting reads every map."""
    return (
        config.schedule.sampling != "uniform"
        or config.loss.class_weight_power > 0
        or config.data.recipe == "limn"
    )


def class_weights(
    config: TrainingConfig, statistics: ClassStatistics | None, classes: int
) -> Tensor:
    """float32[K] of the cross-entropies."""
    if statistics is None or config.loss.class_weight_power == 0:
        return torch.ones(classes)
    return torch.from_numpy(statistics.class_weights(config.loss.class_weight_power))


def count_if_needed(config: TrainingConfig, dataset: ParsingDataset) -> ClassStatistics | None:
    return count_classes(dataset) if needs_statistics(config) else None


def make_batches(
    config: TrainingConfig,
    dataset: ParsingDataset,
    statistics: ClassStatistics | None,
    share: Share,
) -> tuple[BatchPlan, torch.utils.data.DataLoader[tuple[Tensor, Tensor]]]:
    """The plan of what each epoch draws, and the loader that draws a process's share of it."""
    data, schedule = config.data, config.schedule
    factors = np.ones(len(dataset))
    if statistics is not None and schedule.sampling == "repeat-factor":
        factors = statistics.repeat_factors()
    plan = BatchPlan(
        factors,
        schedule.batch_size,
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
            f"{dataset.root} has {len(dataset)} training pictures, fewer than a batch of {needed}"
        )
    rare = statistics.rare_classes() if statistics is not None else np.empty(0, np.intp)
    return plan, make_loader(make_recipe(data, dataset, rare), plan, schedule.workers)
