import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from training.augment.recipe import Recipe
from training.datasets.dataset import ParsingDataset
from training.loader import BatchPlan, Draw, Group, Share, make_loader

CANVASES = [(64, 48), (48, 32)]


def plan(factors: list[float] | None = None, seed: int = 0) -> BatchPlan:
    return BatchPlan([Group(np.array(factors or [1.0] * 12), 3)], CANVASES, seed)


def test_epoch_has_as_many_whole_batches_as_pictures_fill() -> None:
    ten = BatchPlan([Group(np.ones(10), 3)], CANVASES, 0)

    batches = list(ten)

    assert len(ten) == len(batches) == 3
    assert {len(batch) for batch in batches} == {3}


def test_plan_is_the_same_every_time() -> None:
    assert list(plan()) == list(plan())
    assert list(plan(seed=1)) != list(plan())


def test_epochs_differ() -> None:
    epochs = plan()
    first = list(epochs)
    epochs.epoch = 1

    assert list(epochs) != first


def test_batch_has_one_canvas_and_all_canvases_come_up() -> None:
    used = [
        {draw.canvas for draw in batch} for batch in BatchPlan([Group(np.ones(90), 3)], CANVASES, 0)
    ]

    assert all(len(canvases) == 1 for canvases in used)
    assert set.union(*used) == set(CANVASES)


def test_no_two_draws_share_their_random_numbers() -> None:
    epochs = plan()
    seeds = []
    for epoch in range(3):
        epochs.epoch = epoch
        seeds += [draw.seed for batch in epochs for draw in batch]

    assert len(set(seeds)) == len(seeds) == 36


def test_common_pictures_come_once() -> None:
    numbers = sorted(draw.number for batch in plan() for draw in batch)

    assert numbers == list(range(12))


def test_rare_pictures_come_as_often_as_they_ask() -> None:
    # One picture counts three times: 3 of 6 shares, so 3 of the 4 * 1.5 draws.
    often = BatchPlan([Group(np.array([3.0, 1.0, 1.0, 1.0]), 2)], CANVASES, 0)
    counts = np.zeros(4, int)
    for epoch in range(30):
        often.epoch = epoch
        for batch in often:
            for draw in batch:
                counts[draw.number] += 1

    # 4 draws an epoch, half of them picture 0.
    assert counts[0] == 60
    assert counts.sum() == 120
    assert counts[1:].min() >= 12


def test_every_batch_has_its_pictures_of_each_group() -> None:
    mixed = BatchPlan([Group(np.ones(12), 2), Group(np.ones(40), 1)], CANVASES, 0)
    beside = []
    for epoch in range(10):
        mixed.epoch = epoch
        batches = list(mixed)
        # As many as of the first group alone.
        assert len(batches) == len(plan()) == 4
        for batch in batches:
            assert [draw.number < 12 for draw in batch] == [True, True, False]
        beside += [batch[2].number for batch in batches]

    assert set(beside) <= set(range(12, 52))
    assert len(set(beside)) > 20


@pytest.mark.parametrize("rank", [0, 1])
def test_processes_share_every_group(rank: int) -> None:
    groups = [Group(np.ones(12), 2), Group(np.ones(40), 1)]
    plans = [BatchPlan(groups, CANVASES, 0, Share(number, 2)) for number in (0, 1)]

    batches = list(plans[rank])

    assert len(batches) == 2
    assert [[draw.number < 12 for draw in batch] for batch in batches] == [[True, True, False]] * 2
    assert [batch[0].canvas for batch in batches] == [batch[0].canvas for batch in plans[1 - rank]]
    drawn = [draw.number for plan in plans for batch in plan for draw in batch]
    assert len(set(drawn)) == len(drawn)


@pytest.fixture
def recipe(drawn: ParsingDataset) -> Recipe:
    return Recipe(drawn, np.array([], np.intp))


def test_loader_makes_what_the_plan_says(recipe: Recipe) -> None:
    small = BatchPlan([Group(np.ones(4), 2)], CANVASES, 0)

    batches = list(make_loader(recipe, small, workers=0))

    assert len(batches) == 2
    for (images, labels), draws in zip(batches, small, strict=True):
        height, width = draws[0].canvas
        assert (images.shape, images.dtype) == ((2, 3, height, width), torch.uint8)
        assert (labels.shape, labels.dtype) == ((2, height, width), torch.int64)
        for position, draw in enumerate(draws):
            image, label_map = picture(recipe, draw)
            assert np.array_equal(images[position].permute(1, 2, 0).numpy(), image)
            assert np.array_equal(labels[position].numpy(), label_map)


def picture(recipe: Recipe, draw: Draw) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """What the draw stands for, made without a loader."""
    return recipe.draw(draw.number, draw.canvas, np.random.default_rng(draw.seed))
