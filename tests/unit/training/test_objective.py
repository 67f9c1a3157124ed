"""What the objective of a config adds up."""

import pytest
import torch

from limn.labels import LIP
from tests.fixtures.gated import gated_generator
from tests.unit.training.test_checkpoint import CONFIG
from training.config.loss import LossSection
from training.losses.sides import side_pairs
from training.losses.structure import joint_table
from training.objective import ParsingObjective


def test_sides_and_gate_are_taught_beside_the_pixels() -> None:
    torch.manual_seed(0)
    network = gated_generator(len(LIP))
    logits = network(torch.randn(2, 3, 64, 32))
    labels = torch.zeros(2, 64, 32, dtype=torch.long)
    left, right = LIP.index("left-leg"), LIP.index("right-leg")
    labels[0, :, 4:12], labels[0, :, 20:28] = left, right
    labels[1, :, 4:12], labels[1, :, 20:28] = right, left

    def loss(**weights: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        config = CONFIG.model_copy(update={"loss": LossSection(**weights)})
        tables = torch.ones(len(LIP)), joint_table(LIP), side_pairs(LIP)
        return ParsingObjective(config, *tables, lambda value: value)(logits, labels)

    plain, parts = loss()
    whole, more = loss(sides=2.0, behind=0.5)
    whole.backward()  # type: ignore[no-untyped-call]

    added = 2 * more["ce_sides"] + 0.5 * more["ce_behind"]
    assert whole.item() == pytest.approx((plain + added).item(), rel=1e-5)
    assert more.keys() - parts.keys() == {"ce_sides", "ce_behind", "behind_right"}
    assert 0 <= more["behind_right"] <= 1
    assert network.behind_gate is not None
    assert all(p.grad is not None and p.grad.any() for p in network.behind_gate.parameters())
