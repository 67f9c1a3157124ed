import pytest
import torch
from torch import Tensor

from training.config.adversarial import DiscriminatorKind
from training.networks.discriminators import (
    Discriminator,
    build_discriminator,
    macro_discriminator,
    micro_discriminator,
    whole_discriminator,
)

LIP_CLASSES = 20


def weights_of(discriminator: Discriminator) -> int:
    """Numbers in the filters, without biases, as the paper's table 5 counts."""
    return sum(p.numel() for p in discriminator.parameters() if p.ndim > 1)


@pytest.mark.parametrize(
    ("kind", "weights"),
    [
        pytest.param("macro", 683_008, id="macro"),
        pytest.param("micro", 679_168, id="micro"),
        pytest.param("middle", 679_168, id="middle"),
        pytest.param("whole", 3_302_400, id="whole"),
    ],
)
def test_sizes_are_those_of_table_5(kind: DiscriminatorKind, weights: int) -> None:
    assert weights_of(build_discriminator(kind, LIP_CLASSES)) == weights


def influence(discriminator: Discriminator, side: int, score: tuple[int, int]) -> Tensor:
    """bool[side, side]: the input cells that one score depends on, by its gradient.

    Norms are taken out: they tie every cell to every other through mean and variance.
    """
    plain = Discriminator(
        [layer for layer in discriminator.layers if not isinstance(layer, torch.nn.InstanceNorm2d)],
        discriminator.side,
    )
    torch.manual_seed(0)
    maps = torch.randn(1, 5, side, side, requires_grad=True)
    plain(maps)[0, 0, score[0], score[1]].backward()
    assert maps.grad is not None
    return maps.grad[0].abs().amax(0) > 0


def test_micro_d_sees_22_by_22_patches() -> None:
    seen = influence(micro_discriminator(2), 96, (6, 6))

    rows, columns = seen.any(1).nonzero().flatten(), seen.any(0).nonzero().flatten()
    assert len(rows) == len(columns) == 22
    assert rows[-1] - rows[0] == columns[-1] - columns[0] == 21


def test_micro_d_scores_every_eighth_cell() -> None:
    scores = micro_discriminator(LIP_CLASSES)(torch.zeros(2, 3 + LIP_CLASSES, 256, 256))

    assert scores.shape == (2, 1, 32, 32)


def test_macro_d_brings_16_cells_to_one_and_sees_all() -> None:
    discriminator = macro_discriminator(2)
    with torch.inference_mode():
        features = torch.zeros(1, 5, 16, 16)
        sides = [
            features.shape[-1]
            for layer in discriminator.layers
            if isinstance(features := layer(features), Tensor)
            and isinstance(layer, torch.nn.Conv2d)
        ]

    assert sides == [8, 4, 2, 1]
    assert influence(discriminator, 16, (0, 0)).all()


@pytest.mark.parametrize("size", [(24, 16), (10, 7), (17, 11)])
def test_macro_d_judges_maps_of_other_grids(size: tuple[int, int]) -> None:
    assert macro_discriminator(2)(torch.zeros(1, 5, *size)).shape == (1, 1, 1, 1)


def test_whole_d_sees_all_of_256() -> None:
    assert influence(whole_discriminator(2), 256, (0, 0)).all()


@pytest.mark.parametrize("side", [64, 128])
def test_whole_d_of_smaller_maps_sees_all_of_them(side: int) -> None:
    assert influence(whole_discriminator(2, side), side, (0, 0)).all()


def test_other_grids_keep_hard_maps_hard() -> None:
    seen = []
    discriminator = macro_discriminator(2)
    discriminator.layers.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))

    discriminator(torch.randint(0, 2, (1, 5, 24, 10)).float())

    (maps,) = seen
    assert maps.shape[-2:] == (16, 16)
    assert set(maps.unique().tolist()) == {0.0, 1.0}
