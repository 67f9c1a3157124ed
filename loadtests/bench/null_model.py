"""A graph with the signature of the real one that hardly computes: what is left is overhead."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from loadtests.bench.models import contract, write_model


def write_null_model(model: Path, repository: Path) -> Path:
    """A model repository with a graph of the signature that `model` has; that graph."""
    stated = contract(model)
    names = stated["tensors"]
    classes = len(stated["labels"]["classes"])
    graph = null_graph(names["pixels"], names["logits"], classes, stated["stride"])
    return write_model(graph.SerializeToString(), stated, repository)


def null_graph(pixels: str, logits: str, classes: int, stride: int) -> onnx.ModelProto:
    """Every class likes one brightness of every `stride`-th pixel: one slice and two passes.

    Not constant, so that the label map has borders and the work after the network is real.
    """
    # Parabolas -(x - c)^2 about equidistant centres without their common -x^2: straight lines.
    centres = np.linspace(-2, 2, classes, dtype=np.float32).reshape(1, classes, 1, 1)
    constants: dict[str, NDArray[Any]] = {
        "starts": np.array([0, 0, 0], np.int64),
        "ends": np.array([1, 2**31, 2**31], np.int64),
        "axes": np.array([1, 2, 3], np.int64),
        "steps": np.array([1, stride, stride], np.int64),
        "slopes": 2 * centres,
        "offsets": -(centres**2),
    }
    nodes = [
        helper.make_node("Slice", [pixels, "starts", "ends", "axes", "steps"], ["levels"]),
        helper.make_node("Mul", ["levels", "slopes"], ["rising"]),
        helper.make_node("Add", ["rising", "offsets"], [logits]),
    ]

    def value(name: str, shape: list[str | int]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes,
        "null",
        [value(pixels, ["batch", 3, "height", "width"])],
        [value(logits, ["batch", classes, "rows", "columns"])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
