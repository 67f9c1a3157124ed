"""INT8 graphs answer the same on a CPU without VNNI, which adds two products in 16 bits."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from skimage import data

from export.packing import PAIR
from export.quantize import is_dense, quantize
from limn.contract import read_contract
from limn.geometry import Letterbox
from limn.ops.array import letterbox, preprocess

SHIPPED = Path(__file__).parents[3] / "model_repository"


def weights_of(graph: onnx.GraphProto) -> list[NDArray[np.int8]]:
    """Of dense convolutions, [M, C, h, w]."""
    integers = {tensor.name: tensor for tensor in graph.initializer}
    whole = {node.output[0]: node.input[0] for node in graph.node}
    dense = [node for node in graph.node if node.op_type == "Conv" and is_dense(node)]
    return [numpy_helper.to_array(integers[whole[node.input[1]]]) for node in dense]


def largest_pair(weights: NDArray[np.int8]) -> int:
    """Largest sum of neighbours, all channels of a pixel of the kernel after each other."""
    rows = np.abs(weights.astype(int)).transpose(0, 2, 3, 1).reshape(len(weights), -1)
    rows = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))
    return int((rows[:, ::2] + rows[:, 1::2]).max())


@pytest.mark.parametrize("name", ["mman", "ssl", "mman_parse", "ssl_parse"])
def test_no_two_neighbours_of_a_shipped_graph_overflow(name: str) -> None:
    graph = onnx.load_model(SHIPPED / name / "1" / "model.int8.onnx").graph

    found = [largest_pair(weights) for weights in weights_of(graph)]

    assert len(found) > 40
    # The range is used, and no more than that.
    assert PAIR - 10 <= max(found) <= PAIR


@pytest.mark.parametrize("name", ["mman", "ssl"])
def test_shipped_graph_answers_the_same_where_products_are_added_in_32_bits(name: str) -> None:
    folder = SHIPPED / name / "1"
    contract = read_contract(folder)
    photo: NDArray[np.uint8] = data.astronaut()
    canvas = letterbox(photo, Letterbox.fit(photo.shape[:2], contract.canvas), contract.fill)
    pixels = preprocess(canvas[np.newaxis], contract.canvas, contract.mean, contract.std)
    answers = []
    for precise in ("0", "1"):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.add_session_config_entry("session.x64quantprecision", precise)
        session = onnxruntime.InferenceSession(str(folder / contract.cpu_file), options)
        answers.append(session.run(None, {contract.tensors.pixels: pixels})[0])

    # Another kernel adds in another order, which moves a last bit here and there.
    assert np.mean(answers[0].argmax(1) == answers[1].argmax(1)) >= 0.998


@pytest.mark.parametrize("channels", [3, 4, 5])
def test_weights_are_scaled_so_that_neighbours_fit(channels: int) -> None:
    """Weights that are all as large as their channel's largest, and a channel without any."""
    values = np.full((2, channels, 3, 3), 0.7, np.float32)
    values[1] = 0
    weights = numpy_helper.from_array(values, "weights")
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, count, 8, 8])
        for name, count in (("x", channels), ("y", 2))
    ]
    node = helper.make_node("Conv", ["x", "weights"], ["y"], name="conv", pads=[1, 1, 1, 1])
    model = helper.make_model(
        helper.make_graph([node], "small", ends[:1], ends[1:], [weights]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )
    pictures = [np.random.default_rng(0).random((1, channels, 8, 8), np.float32)]

    (found,) = weights_of(quantize(model, pictures).graph)

    assert set(np.unique(found[0])) == {64}
    assert not found[1].any()
