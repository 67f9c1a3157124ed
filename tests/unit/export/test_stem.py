"""A first convolution over blocks of pixels: the same numbers come out."""

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from export.operators import operators
from export.stem import blocks_first


def convolution(kernel: int, pads: tuple[int, int, int, int], stride: int = 2) -> onnx.ModelProto:
    """One over three channels; `pads` as in ONNX: top, left, bottom, right."""
    weights = np.random.default_rng(kernel).normal(size=(4, 3, kernel, kernel)).astype(np.float32)
    bias = np.arange(4, dtype=np.float32)
    node = helper.make_node(
        "Conv", ["pixels", "weights", "bias"], ["out"], strides=[stride, stride], pads=pads
    )
    graph = helper.make_graph(
        [node],
        "stem",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, 12, 20])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 4, None, None])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
        # As ONNX Runtime's shape inference leaves it.
        value_info=[helper.make_tensor_value_info("weights", TensorProto.FLOAT, weights.shape)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def answer(model: onnx.ModelProto) -> NDArray[np.float32]:
    pixels = np.random.default_rng(2).normal(size=(1, 3, 12, 20)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    found: NDArray[np.float32] = session.run(None, {"pixels": pixels})[0]
    return found


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize(
    "pads",
    [
        (0, 0, 0, 0),
        (0, 0, 1, 1),
        (1, 1, 1, 1),
        (1, 1, 2, 2),
        (2, 2, 2, 2),
        (3, 3, 3, 3),
        (2, 0, 1, 3),
    ],
)
def test_convolution_over_blocks_is_the_same(kernel: int, pads: tuple[int, int, int, int]) -> None:
    model = convolution(kernel, pads)

    changed = blocks_first(model)

    assert operators(changed) == {"Conv": 1, "SpaceToDepth": 1}
    before, after = answer(model), answer(changed)
    assert before.std() > 0.1
    assert after.shape == before.shape
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-4)


@pytest.mark.parametrize("stride", [1, 3, 4])
def test_other_strides_stay(stride: int) -> None:
    model = convolution(3, (1, 1, 1, 1), stride)

    assert blocks_first(model) == model
