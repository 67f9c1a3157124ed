import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from limn.labels import LIP
from training.low_resolution import cell_labels
from training.networks.light_generator import LightGenerator
from training.networks.parsing_network import ParsingLogits
from training.parser import TorchParser


def numbered(height: int, width: int) -> NDArray[np.uint8]:
    """Every pixel another number, as far as 256 go."""
    return (np.arange(height * width) % 251).astype(np.uint8).reshape(height, width)


def test_cell_shows_the_pixel_under_its_middle() -> None:
    labels = numbered(48, 32)

    cells = cell_labels(labels, (48, 32))

    assert np.array_equal(cells, labels[8::16, 8::16])


def test_sampling_is_nearest_exact() -> None:
    labels = numbered(100, 75)

    cells = cell_labels(labels, (64, 48))

    exact = F.interpolate(torch.from_numpy(labels)[None, None], (4, 3), mode="nearest-exact")
    assert np.array_equal(cells, exact[0, 0].numpy())


def test_padding_is_not_known() -> None:
    # A photo 64 x 32 on a canvas 64 x 64 leaves a column of cells free at either side.
    labels = np.full((64, 32), 7, np.uint8)

    cells = cell_labels(labels, (64, 64))

    assert cells.tolist() == [[255, 7, 7, 255]] * 4


class TwoHeads(LightGenerator):
    """The low head says class 5 in the upper half, the high head background everywhere."""

    def forward(self, pixels: Tensor) -> ParsingLogits:
        batch, _, height, width = pixels.shape
        high = torch.zeros(batch, len(LIP), height // 2, width // 2)
        low = torch.zeros(batch, len(LIP), height // 16, width // 16)
        low[:, 5, : height // 32] = 1
        return ParsingLogits(high, low)


class OneHead(LightGenerator):
    def forward(self, pixels: Tensor) -> ParsingLogits:
        return ParsingLogits(torch.zeros(1, len(LIP), pixels.shape[2] // 2, pixels.shape[3] // 2))


def test_low_head_is_read_on_the_grid_of_the_canvas() -> None:
    parse = TorchParser(TwoHeads(len(LIP)), LIP, (64, 48), (0.8, 1.2))

    low = parse.low(np.zeros((200, 150, 3), np.uint8))

    assert low is not None
    assert low.tolist() == [[5] * 3] * 2 + [[0] * 3] * 2
    assert low.dtype == np.uint8


def test_network_without_a_low_head_has_no_low_labels() -> None:
    parse = TorchParser(OneHead(len(LIP)), LIP, (64, 48), (1.0,))

    assert parse.low(np.zeros((64, 48, 3), np.uint8)) is None
