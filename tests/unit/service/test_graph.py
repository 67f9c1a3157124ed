from typing import NamedTuple

import pytest

from limn.contract import ModelContract
from limn.errors import ContractError
from service.engines.graph import Shape, check_graph
from tests.fixtures.models import CANVAS, SCALES, contract


class Tensor(NamedTuple):
    name: str
    shape: Shape
    type: str = "tensor(float)"


PIXELS = Tensor("pixels", ["batch", 3, None, None])
LOGITS = Tensor("logits", ["batch", 20, "h", "w"])


@pytest.fixture
def promised() -> ModelContract:
    return contract(scales=SCALES)


def test_matching_graph_is_accepted(promised: ModelContract) -> None:
    check_graph(promised, [PIXELS], [Tensor("aux", [1]), LOGITS])


@pytest.mark.parametrize(
    ("pixels", "logits", "message"),
    [
        (PIXELS._replace(type="tensor(double)"), LOGITS, r"float32 .* tensor\(double\)"),
        (PIXELS._replace(shape=["batch", 3]), LOGITS, r"rank 4, the graph has 'pixels'"),
        (PIXELS, LOGITS._replace(shape=["batch", 20, "h"]), r"'logits' as float32 of rank 4"),
        (PIXELS, LOGITS._replace(shape=["batch", 7, "h", "w"]), "20 classes"),
        (PIXELS._replace(shape=["batch", 1, "h", "w"]), LOGITS, "3 colour channels"),
        (PIXELS._replace(shape=[1, 3, *CANVAS]), LOGITS, "an input of 304x208 pixels"),
        (PIXELS._replace(name="x"), LOGITS, "input 'pixels' alone, the graph has 'x'"),
        (PIXELS, LOGITS._replace(name="y"), "output 'logits', the graph has 'y'"),
    ],
)
def test_difference_is_named(
    promised: ModelContract, pixels: Tensor, logits: Tensor, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        check_graph(promised, [pixels], [logits])
