import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from limn.labels import LIP
from training.networks.light_generator import LightGenerator
from training.networks.parsing_network import ParsingLogits
from training.parser import TorchParser

LEFT, RIGHT = LIP.index("left-arm"), LIP.index("right-arm")


class Colours(LightGenerator):
    """Instead of learning: red is a left arm, blue a right arm, all else background."""

    def forward(self, pixels: Tensor) -> ParsingLogits:
        cells = pixels[:, :, ::2, ::2]
        scores = torch.zeros(len(cells), len(LIP), *cells.shape[-2:])
        scores[:, LEFT] = cells[:, 0] * 20
        scores[:, RIGHT] = cells[:, 2] * 20
        return ParsingLogits(scores)


@pytest.fixture(scope="module")
def network() -> Colours:
    return Colours(len(LIP))


def halves(height: int, width: int) -> NDArray[np.uint8]:
    """Red on the left, blue on the right."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2, 0] = 255
    image[:, width // 2 :, 2] = 255
    return image


@pytest.mark.parametrize("size", [(64, 48), (101, 30), (20, 200), (500, 375)])
def test_label_map_has_the_photos_size_and_place(network: Colours, size: tuple[int, int]) -> None:
    height, width = size
    parse = TorchParser(network, LIP, (64, 48), (0.8, 1.0, 1.2))

    labels = parse(halves(height, width))

    assert labels.shape == size
    assert labels.dtype == np.uint8
    margin = width // 8
    assert (labels[:, : width // 2 - margin] == LEFT).all()
    assert (labels[:, width // 2 + margin :] == RIGHT).all()


def test_scales_become_legal_sizes(network: Colours) -> None:
    parse = TorchParser(network, LIP, (64, 48), (0.8, 1.0, 1.2))

    assert parse.sizes == [(48, 32), (64, 48), (80, 64)]


def test_mirrored_view_votes_for_the_other_side(network: Colours) -> None:
    # In the mirror red is still red: the mirrored view calls it left, so unmirrored it is right.
    labels = TorchParser(network, LIP, (64, 48), (1.0,), flip=True)(halves(64, 48))

    # Both arms tie at one half, and of equal scores the lower index wins.
    assert set(np.unique(labels[:, :20])) <= {LEFT, RIGHT}
    plain = TorchParser(network, LIP, (64, 48), (1.0,))(halves(64, 48))
    assert (plain[:, :20] == LEFT).all()
    assert (plain[:, 28:] == RIGHT).all()


def test_high_output_is_read_on_its_own_grid(network: Colours) -> None:
    parse = TorchParser(network, LIP, (64, 48), (1.0,))

    label_map = parse.high(halves(64, 48))

    assert label_map.shape == (32, 24)
    assert (label_map[:, :12] == LEFT).all()
    assert (label_map[:, 12:] == RIGHT).all()
