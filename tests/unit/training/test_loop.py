from pathlib import Path

import pytest
import torch

from tests.fixtures.lip_dataset import write_lip_dataset
from tests.unit.training.test_checkpoint import CONFIG
from training.batches import count_if_needed, make_batches, open_training
from training.config.data import CompanionSection
from training.datasets.dataset import ParsingDataset
from training.datasets.statistics import count_classes
from training.errors import DatasetError
from training.loader import ALL
from training.loop import seed_epoch


def test_set_smaller_than_a_batch_is_refused(drawn: ParsingDataset) -> None:
    schedule = CONFIG.schedule.model_copy(update={"batch_size": 5})
    config = CONFIG.model_copy(update={"schedule": schedule})

    with pytest.raises(DatasetError, match="has 4 training pictures, fewer than a batch of 5"):
        make_batches(config, [drawn], [count_classes(drawn)], ALL)


def test_canvases_are_the_configs_at_every_scale(drawn: ParsingDataset) -> None:
    data = CONFIG.data.model_copy(update={"canvas_scales": (0.5, 1.0), "root": Path("unused")})
    config = CONFIG.model_copy(update={"data": data})

    plan, batches = make_batches(config, [drawn], [count_classes(drawn)], ALL)

    # 24 wide is 1.5 multiples of 16.
    assert plan.canvases == [(32, 32), (64, 48)]
    assert len(plan) == 2
    assert batches.num_workers == config.schedule.workers


def test_dropout_draws_the_same_in_an_epoch_of_the_same_run() -> None:
    def drawn_in(seed: int, epoch: int, rank: int = 0) -> list[float]:
        seed_epoch(seed, epoch, rank)
        return torch.rand(3).tolist()

    assert drawn_in(0, 1) == drawn_in(0, 1)
    assert drawn_in(0, 1) != drawn_in(0, 2)
    assert drawn_in(0, 1) != drawn_in(1, 1)
    assert drawn_in(0, 1, rank=1) != drawn_in(0, 1)


def test_companion_has_its_pictures_in_every_batch(drawn: ParsingDataset, tmp_path: Path) -> None:
    root = write_lip_dataset(tmp_path, train=3, val=1, size=(192, 128))
    beside = CompanionSection(root=root, name="rendered", licence="CC0-1.0", per_batch=1)
    data = CONFIG.data.model_copy(update={"root": drawn.root, "companion": beside})
    config = CONFIG.model_copy(update={"data": data})
    datasets = open_training(config)

    plan, batches = make_batches(config, datasets, count_if_needed(config, datasets), ALL)

    assert [len(dataset) for dataset in datasets] == [4, 3]
    assert [group.per_batch for group in plan.groups] == [config.schedule.batch_size - 1, 1]
    assert all(len(images) == config.schedule.batch_size for images, _ in batches)
