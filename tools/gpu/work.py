"""How much arithmetic a graph takes: the multiplications and additions of its convolutions."""

import math
from collections.abc import Sequence
from pathlib import Path

import onnx


def flops(file: Path, shape: Sequence[int]) -> int:
    """Floating-point operations of an ONNX graph whose one input has this shape.

    A multiplication and an addition count as two; what has no weights is left out.

    Raises:
        ValueError: a weighted operator that is not known here.
    """
    model = onnx.load(str(file))
    (pixels,) = model.graph.input
    for dimension, length in zip(pixels.type.tensor_type.shape.dim, shape, strict=True):
        dimension.Clear()
        dimension.dim_value = length
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        shapes[value.name] = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
    return sum(_of_node(node, shapes) for node in graph.node)


def _of_node(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]]) -> int:
    if node.op_type == "Conv":
        weights, results = shapes[node.input[1]], shapes[node.output[0]]
        return 2 * math.prod(results) * math.prod(weights[1:])
    if node.op_type == "ConvTranspose":
        weights, values = shapes[node.input[1]], shapes[node.input[0]]
        return 2 * math.prod(values) * math.prod(weights[1:])
    if node.op_type in ("MatMul", "Gemm"):
        raise ValueError(f"{node.op_type} is not counted; no network here has one")
    return 0
