from typing import Any

import pytest
from pydantic import ValidationError
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from training.config.schedule import ScheduleSection
from training.networks.light_generator import LightGenerator
from training.optimizer import make_optimizer, make_scheduler

SCHEDULE = ScheduleSection(
    epochs=1,
    batch_size=1,
    learning_rate=0.8,
    encoder_learning_rate=0.2,
    weight_decay=0.1,
    warmup_steps=4,
    ema_decay=0.5,
)


@pytest.fixture(scope="module")
def network() -> LightGenerator:
    return LightGenerator(3)


@pytest.fixture(scope="module")
def optimizer(network: LightGenerator) -> Optimizer:
    return make_optimizer(network, network.encoder, SCHEDULE)


def test_every_weight_is_in_exactly_one_group(
    network: LightGenerator, optimizer: Optimizer
) -> None:
    grouped = [id(p) for group in optimizer.param_groups for p in group["params"]]

    assert len(grouped) == len(set(grouped))
    assert set(grouped) == {id(p) for p in network.parameters()}


def test_encoder_and_new_layers_have_rates_of_their_own(
    network: LightGenerator, optimizer: Optimizer
) -> None:
    rates = {id(p): g["lr"] for g in optimizer.param_groups for p in g["params"]}

    assert {rates[id(p)] for p in network.encoder.parameters()} == {0.2}
    assert {rates[id(p)] for p in network.decoder.parameters()} == {0.8}
    assert rates[id(network.high_head.weight)] == rates[id(network.low_head.bias)] == 0.8


def test_only_filters_decay(network: LightGenerator, optimizer: Optimizer) -> None:
    decays = {id(p): g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}

    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert decays[id(module.weight)] == decays[id(module.bias)] == 0.0
        if isinstance(module, nn.Conv2d):
            assert decays[id(module.weight)] == 0.1
            assert module.bias is None or decays[id(module.bias)] == 0.0


def rates(steps: int, steps_per_epoch: int = 4, **changes: Any) -> list[float]:
    """Rate of step 0, 1, ... of an optimiser whose rate is 1; two epochs."""
    schedule = ScheduleSection.model_validate(
        SCHEDULE.model_dump() | {"epochs": 2, "warmup_steps": 0} | changes
    )
    optimizer = AdamW([nn.Parameter(nn.Linear(1, 1).weight)], lr=1.0)
    scheduler = make_scheduler(optimizer, schedule, steps_per_epoch)
    found = []
    for _ in range(steps):
        found.append(float(scheduler.get_last_lr()[0]))
        optimizer.step()
        scheduler.step()
    return found


def test_rate_warms_up_then_follows_half_a_cosine_to_zero() -> None:
    # A line over four steps, then cos(0), cos(45), cos(90), cos(135) and cos(180 degrees).
    expected = [0.25, 0.5, 0.75, 1.0, 1.0, 0.853553, 0.5, 0.146447, 0.0]

    assert rates(9, warmup_steps=4) == pytest.approx(expected, abs=1e-6)


def test_rate_stays_at_zero_after_the_end() -> None:
    assert rates(5, steps_per_epoch=1) == pytest.approx([1.0, 0.5, 0.0, 0.0, 0.0])


def test_warmup_longer_than_the_run_is_only_a_line() -> None:
    assert rates(4, 2, warmup_steps=8) == pytest.approx([0.125, 0.25, 0.375, 0.5])


def test_rate_falls_by_ten_after_the_milestones() -> None:
    found = rates(6, steps_per_epoch=1, epochs=6, decay="steps", milestones=(2, 4))

    assert found == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_poly_is_deeplabs() -> None:
    assert rates(3, 1, decay="poly") == pytest.approx([1, 0.5**0.9, 0])


def test_constant_rate_stays() -> None:
    assert rates(3, 1, decay="constant") == [1, 1, 1]


def test_milestones_without_steps_are_refused() -> None:
    with pytest.raises(ValidationError, match="milestones: given with decay"):
        rates(1, milestones=(1,))


def test_biases_follow_their_own_rate(network: LightGenerator) -> None:
    schedule = SCHEDULE.model_copy(update={"optimizer": "sgd", "bias_rate_factor": 2.0})
    optimizer = make_optimizer(network, network.encoder, schedule)

    assert isinstance(optimizer, SGD)
    found = [(g["lr"], g["weight_decay"], g["momentum"]) for g in optimizer.param_groups]
    assert found == [(0.2, 0.1, 0.9), (0.4, 0, 0.9), (0.8, 0.1, 0.9), (1.6, 0, 0.9)]


@pytest.mark.parametrize(("name", "kind"), [("adam", Adam), ("adamw", AdamW)])
def test_optimizer_is_the_configs(
    network: LightGenerator, name: str, kind: type[Optimizer]
) -> None:
    schedule = SCHEDULE.model_copy(update={"optimizer": name, "betas": (0.5, 0.999)})
    optimizer = make_optimizer(network, network.encoder, schedule)

    assert type(optimizer) is kind
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.999)
