"""What an INT8 graph (`export.quantize`) says of values, weights and who reads them."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, numpy_helper

from export.errors import UnsupportedByKernels

REWRITTEN = ("Conv", "Add", "Mul", "Concat", "Resize")
"""Nodes that compute with stored values."""


class Stored(NamedTuple):
    """A quantised value: real = (stored - zero) * scale."""

    name: str
    scale: np.float32
    zero: int


class Weights(NamedTuple):
    """Of a convolution: int8[O, ...], and a scale for each output channel."""

    values: NDArray[np.int8]
    scales: NDArray[np.float32]


class QuantisedGraph:
    """A graph whose nodes read values made real, and whose results are stored again.

    Its methods raise UnsupportedByKernels where something is not as it should be.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.shapes = {value.name: value.type.tensor_type.shape for value in graph.value_info}
        self.made_by = {name: node for node in graph.node for name in node.output}
        self.readers: dict[str, list[NodeProto]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self.readers[name].append(node)

    def stored(self, name: str) -> Stored | None:
        """What a real value is read from, if it is a stored one."""
        node = self.made_by.get(name)
        if node is None or node.op_type != "DequantizeLinear" or node.input[0] in self.constants:
            return None
        source = self.source(name)
        if source.op_type not in (*REWRITTEN, "SpaceToDepth"):
            raise UnsupportedByKernels(f"{source.name}: no {source.op_type} of quantised values")
        return Stored(node.input[0], *self._scale_and_zero(node))

    def needed(self, name: str, node: NodeProto) -> Stored:
        stored = self.stored(name)
        if stored is None:
            raise UnsupportedByKernels(f"{node.name}: {name} is not quantised")
        return stored

    def result(self, node: NodeProto) -> Stored:
        """How the result of a node is stored."""
        readers = self.readers[node.output[0]]
        if len(readers) != 1 or readers[0].op_type != "QuantizeLinear":
            raise UnsupportedByKernels(f"{node.name}: its result is not quantised")
        return Stored(readers[0].output[0], *self._scale_and_zero(readers[0]))

    def _scale_and_zero(self, node: NodeProto) -> tuple[np.float32, int]:
        scale, zero = (numpy_helper.to_array(self.constants[name]) for name in node.input[1:3])
        if scale.size != 1 or zero.dtype != np.uint8:
            raise UnsupportedByKernels(f"{node.name}: no uint8 with one scale")
        return np.float32(scale.item()), int(zero.item())

    def weights(self, node: NodeProto) -> Weights:
        made = self.made_by.get(node.input[1])
        stored = [self.constants.get(name) for name in made.input] if made is not None else []
        arrays = [numpy_helper.to_array(tensor) for tensor in stored if tensor is not None]
        if len(arrays) != 3 or arrays[0].dtype != np.int8 or arrays[2].any():
            raise UnsupportedByKernels(f"{node.name}: weights that are not symmetric int8")
        values, scales, _ = arrays
        return Weights(values, np.broadcast_to(scales, len(values)))

    def bias(self, node: NodeProto) -> NDArray[np.int32]:
        """In steps of the products; zeros where there is none."""
        if len(node.input) < 3:
            return np.zeros(len(self.weights(node).values), np.int32)
        bias: NDArray[np.int32] = numpy_helper.to_array(
            self.constants[self.made_by[node.input[2]].input[0]]
        )
        return bias

    def reader_of(self, node: NodeProto) -> NodeProto | None:
        """The one node that makes a stored result real again, if somebody needs it as such."""
        readers = self.readers[self.result(node).name]
        if len(readers) == 1 and self.is_real(readers[0].output[0]):
            return readers[0]
        return None

    def is_real(self, name: str) -> bool:
        """Whether a value is read by a node that is not rewritten, or is the graph's answer."""
        readers = self.readers[name]
        return not readers or any(each.op_type not in REWRITTEN for each in readers)

    def sum_behind(self, node: NodeProto) -> NodeProto | None:
        """The sum that nothing but this 1x1 convolution's result goes into, and another value."""
        if node.op_type != "Conv" or self.weights(node).values.shape[2:] != (1, 1):
            return None
        readers = self.readers[self.result(node).name]
        sums = self.readers[readers[0].output[0]] if len(readers) == 1 else []
        if len(sums) != 1 or sums[0].op_type != "Add" or not all(map(self.stored, sums[0].input)):
            return None
        if any(self.source(name).op_type == "Resize" for name in sums[0].input):
            return None
        # Of two such convolutions the second one adds.
        return sums[0] if sums[0].input[1] == readers[0].output[0] else None

    def source(self, name: str) -> NodeProto:
        """What computed a stored value, before it was quantised."""
        made: NodeProto = self.made_by[self.made_by[self.made_by[name].input[0]].input[0]]
        return made
