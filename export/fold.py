"""Batch norms behind a sum, folded into the convolutions that the sum is of.

A decoder adds an upsampled convolution and another one, and normalises the sum. Upsampling by a
bilinear resize keeps sums and factors (its weights add up to 1), so the norm's factor can go into
both convolutions and its offset into one of them. ONNX Runtime folds only a norm that stands right
behind a convolution; those behind a sum would break a quantised graph in two.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, numpy_helper


def fold_norms(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy without the norms whose sums are of convolutions, resized or not; the same map."""
    folded = onnx.ModelProto()
    folded.CopyFrom(model)
    graph = folded.graph
    makers = {name: node for node in graph.node for name in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    used = [name for node in graph.node for name in node.input]
    for norm in [node for node in graph.node if node.op_type == "BatchNormalization"]:
        total = makers.get(norm.input[0])
        if total is None or total.op_type != "Add" or used.count(total.output[0]) != 1:
            continue
        sources = list(_convolutions(total, makers, used))
        if len(sources) != 2 or not all(node.input[1] in weights for node in sources):
            continue
        factor, offset = _affine(norm, weights)
        for node in sources:
            _scale(node, factor, weights)
        _shift(sources[1], offset, graph)
        total.output[0] = norm.output[0]
        graph.node.remove(norm)
    _drop_unused(graph)
    onnx.checker.check_model(folded, full_check=True)
    return folded


def _convolutions(
    total: NodeProto, makers: Mapping[str, NodeProto], used: list[str]
) -> Iterator[NodeProto]:
    """The convolutions that a sum is of, where nothing else sees them."""
    for name in total.input:
        node = makers.get(name)
        if node is not None and node.op_type == "Resize" and used.count(name) == 1:
            name = node.input[0]
            node = makers.get(name)
        if node is not None and node.op_type == "Conv" and used.count(name) == 1:
            yield node


def _affine(
    norm: NodeProto, weights: Mapping[str, onnx.TensorProto]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factor and offset per channel, float32[C] each."""
    scale, bias, mean, variance = (numpy_helper.to_array(weights[n]) for n in norm.input[1:5])
    epsilon = next((part.f for part in norm.attribute if part.name == "epsilon"), 1e-5)
    factor = scale / np.sqrt(variance + epsilon)
    offset = bias - mean * factor
    return factor.astype(np.float32), offset.astype(np.float32)


def _scale(
    node: NodeProto, factor: NDArray[np.float32], weights: Mapping[str, onnx.TensorProto]
) -> None:
    for name, shape in zip(node.input[1:], ((-1, 1, 1, 1), (-1,)), strict=False):
        values = numpy_helper.to_array(weights[name]) * factor.reshape(shape)
        weights[name].CopyFrom(numpy_helper.from_array(values.astype(np.float32), name))


def _shift(node: NodeProto, offset: NDArray[np.float32], graph: onnx.GraphProto) -> None:
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    if len(node.input) > 2:
        tensor = tensors[node.input[2]]
        values = numpy_helper.to_array(tensor) + offset
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), tensor.name))
        return
    name = f"{node.input[1]}.offset"
    graph.initializer.append(numpy_helper.from_array(offset.astype(np.float32), name))
    node.input.append(name)


def _drop_unused(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
