"""An exported person finder must find whom the network in PyTorch finds."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from export.errors import GraphDisagrees
from export.persons import verify_finder
from limn.finder_contract import FinderContract
from tests.fixtures.finders import CANVAS, finder_graph
from training.persons.compose import Composed
from training.persons.finder import PersonFinder

PHOTO = Composed(np.zeros((64, 64, 3), np.uint8), np.empty((0, 4), np.float32))
CONTRACT = FinderContract(
    name="known",
    version=1,
    canvas=CANVAS,
    fill=(127, 127, 127),
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    threshold=0.5,
    overlap=0.7,
    precision="fp32",
    sha256="0" * 64,
    sources=(),
)


class _Finds(PersonFinder):
    """The same boxes, whatever it is shown."""

    def __init__(self, boxes: Sequence[Sequence[float]], scores: Sequence[float]) -> None:
        torch.nn.Module.__init__(self)
        self.known = torch.tensor([boxes]), torch.tensor([scores])

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.known


def verify(boxes: Sequence[Sequence[float]], scores: Sequence[float]) -> None:
    """A graph that finds these, against a network that finds one box for sure."""
    graph = finder_graph(boxes, scores).SerializeToString()
    network = _Finds([[10.0, 10.0, 40.0, 60.0], [0.0, 0.0, 9.0, 9.0]], [0.9, 0.52])
    verify_finder(graph, CONTRACT, network, [PHOTO])


def test_graph_that_finds_the_same_is_taken() -> None:
    # The second box is as good as on the threshold: rounding may decide about it.
    verify([[10, 10, 40, 60.2]], [0.85])


@pytest.mark.parametrize(
    ("boxes", "scores"),
    [
        pytest.param([[10, 10, 40, 50]], [0.9], id="other box"),
        pytest.param([[10, 10, 40, 60]], [0.4], id="unsure"),
        pytest.param([], [], id="nobody"),
    ],
)
def test_graph_that_finds_something_else_is_refused(
    boxes: list[list[float]], scores: list[float]
) -> None:
    with pytest.raises(GraphDisagrees, match="photo 0"):
        verify(boxes, scores)
