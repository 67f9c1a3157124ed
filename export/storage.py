"""Weights stored in half precision: half the file, the same fp32 arithmetic after loading."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 256
"""Numbers in a tensor below which halving it is not worth a node."""


def store_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose large fp32 initialisers are fp16 behind a `Cast` to fp32.

    ONNX Runtime folds the casts while it loads, so the network runs as before on rounded weights.
    """
    stored = onnx.ModelProto()
    stored.CopyFrom(model)
    graph = stored.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALLEST:
            continue
        name = tensor.name
        half = numpy_helper.from_array(values.astype(np.float16), f"{name}.half")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(stored, full_check=True)
    return stored


def restore_whole(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy with the halves of `store_half` as fp32 initialisers again; others are left alone."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    graph = whole.graph
    halves = {t.name: t for t in graph.initializer if t.data_type == TensorProto.FLOAT16}
    for node in [node for node in graph.node if node.op_type == "Cast" and node.input[0] in halves]:
        half = halves[node.input[0]]
        values = numpy_helper.to_array(half).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        graph.initializer.remove(half)
        graph.node.remove(node)
    return whole
