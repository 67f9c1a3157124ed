import pytest
import torch
from torch import nn

from training.averaging import average_of


def network_at(value: float) -> nn.Linear:
    network = nn.Linear(1, 1, bias=False)
    set_to(network, value)
    return network


def set_to(network: nn.Linear, value: float) -> None:
    with torch.no_grad():
        network.weight.fill_(value)


def averages(decay: float, values: list[float]) -> list[float]:
    """The average after each update of a weight that starts at 100."""
    network = network_at(100.0)
    averaged = average_of(network, decay)
    found = []
    for value in values:
        set_to(network, value)
        averaged.update_parameters(network)
        found += [weight.item() for weight in averaged.module.parameters()]
    return found


def test_first_update_forgets_the_random_start() -> None:
    assert averages(0.998, [5.0]) == [5.0]


def test_average_warms_up() -> None:
    # Decays 2/11 and 3/12: 0 * 2/11 + 11 * 9/11 = 9, then 9 * 1/4 + 1 * 3/4 = 3.
    assert averages(0.998, [0.0, 11.0, 1.0]) == pytest.approx([0.0, 9.0, 3.0])


def test_decay_is_never_above_the_one_asked_for() -> None:
    # 2/11 and 3/12 are above a tenth.
    assert averages(0.1, [0.0, 10.0, 0.0]) == pytest.approx([0.0, 9.0, 0.9])


def test_batch_norm_statistics_are_averaged_and_counters_copied() -> None:
    network = nn.BatchNorm1d(1)
    averaged = average_of(network, 0.1)
    for mean in (0.0, 10.0):
        assert network.running_mean is not None
        network.running_mean.fill_(mean)
        assert network.num_batches_tracked is not None
        network.num_batches_tracked.fill_(int(mean) + 7)
        averaged.update_parameters(network)

    buffers = dict(averaged.module.named_buffers())

    assert buffers["running_mean"].tolist() == pytest.approx([9.0])
    assert buffers["num_batches_tracked"].item() == 17


def test_network_itself_is_left_alone() -> None:
    network = network_at(3.0)
    averaged = average_of(network, 0.5)
    for _ in range(3):
        averaged.update_parameters(network)

    assert network.weight.item() == 3.0
    assert averaged.module is not network
