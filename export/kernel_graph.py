"""The INT8 graph in operators of Limn's own: `limn/ops/kernels`, which ONNX Runtime loads.

Same weights, same scales, same rounding; what changes is how often a value is read and written.
Values between are uint8[N, H, W, C]. A convolution is one node, with its quantising and a sum
behind it; so is doubling in a decoder. Whatever is small stays as ONNX has it.
"""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from export.errors import UnsupportedByKernels
from export.packing import GROUP, Packed, pack_depthwise, pack_pointwise, pack_quads

DOMAIN, VERSION = "limn", 1

_DEPTHWISE_SIDES = (3, 5)
_QUADS_CHANNELS = 48
"""From here on blocks of 64 channels are full enough; and phases long enough, up to dilation 2."""

_BLOCKS = (12, 2, 2)
"""Weights of a first convolution, for every output channel: see `export.stem`."""
_REWRITTEN = ("Conv", "Add", "Mul", "Concat", "Resize")
_BETWEEN = ("QuantizeLinear", "DequantizeLinear", "SpaceToDepth")
"""Part of the nodes around them."""


class _Stored(NamedTuple):
    """A quantised value: real = (stored - zero) * scale."""

    name: str
    scale: np.float32
    zero: int


class _Weights(NamedTuple):
    """Of a convolution: int8[O, ...], and a scale for each output channel."""

    values: NDArray[np.int8]
    scales: NDArray[np.float32]


class _Sliding(NamedTuple):
    """How a convolution goes over its input."""

    strides: list[int]
    dilations: list[int]
    pads: list[int]
    group: int


_POINTWISE = _Sliding([1, 1], [1, 1], [0, 0, 0, 0], 1)
_OVER_BLOCKS = _POINTWISE._replace(pads=[0, 0, 1, 1])


def kernel_graph(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of an INT8 graph (`export.quantize`) whose heavy nodes are operators of Limn's.

    Raises:
        UnsupportedByKernels: it has a node of a kind that there is no operator for.
    """
    return _Rewriting(onnx.shape_inference.infer_shapes(model)).run()


class _Rewriting:
    """A graph as it was, and the nodes that take its place."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self._model = model
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._made_by = {name: node for node in graph.node for name in node.output}
        self._readers: dict[str, list[NodeProto]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self._readers[name].append(node)
        self._shapes = {value.name: value.type.tensor_type.shape for value in graph.value_info}
        self._nodes: list[NodeProto] = []
        self._tensors: list[TensorProto] = []

    def run(self) -> onnx.ModelProto:
        for node in self._model.graph.node:
            self._rewrite(node)
        graph = self._model.graph
        read = {name for node in self._nodes for name in node.input}
        kept = [tensor for name, tensor in self._constants.items() if name in read]
        changed: onnx.ModelProto = helper.make_model(
            helper.make_graph(
                self._nodes, graph.name, graph.input, graph.output, [*kept, *self._tensors]
            ),
            opset_imports=[
                *(each for each in self._model.opset_import if not each.domain),
                helper.make_opsetid(DOMAIN, VERSION),
            ],
            ir_version=self._model.ir_version,
        )
        onnx.checker.check_model(changed)
        return changed

    def _rewrite(self, node: NodeProto) -> None:
        if node.op_type in _BETWEEN:
            return
        if node.op_type == "Conv":
            if self._sum_behind(node) is None:
                self._convolve(node, self._reader_of(node), None)
        elif node.op_type == "Resize":
            self._check_upsampling(node)
        elif node.op_type == "Add" and any(map(self._stored, node.input)):
            self._add(node)
        elif node.op_type == "Concat" and self._stored(node.input[0]):
            self._keep(node, [helper.make_attribute("axis", 3)])
        elif node.op_type == "Mul" and any(map(self._stored, node.input)):
            self._keep(node, [])
        elif any(map(self._stored, node.input)) and not all(map(self._is_real, node.input)):
            raise UnsupportedByKernels(f"{node.name}: no {node.op_type} of quantised values")
        else:
            self._nodes.append(node)

    # What there was.

    def _stored(self, name: str) -> _Stored | None:
        """What a real value is read from, if it is a stored one."""
        node = self._made_by.get(name)
        if node is None or node.op_type != "DequantizeLinear" or node.input[0] in self._constants:
            return None
        source = self._source(name)
        if source.op_type not in (*_REWRITTEN, "SpaceToDepth"):
            raise UnsupportedByKernels(f"{source.name}: no {source.op_type} of quantised values")
        return _Stored(node.input[0], *self._scale_and_zero(node))

    def _needed(self, name: str, node: NodeProto) -> _Stored:
        stored = self._stored(name)
        if stored is None:
            raise UnsupportedByKernels(f"{node.name}: {name} is not quantised")
        return stored

    def _result(self, node: NodeProto) -> _Stored:
        """How the result of a node is stored."""
        readers = self._readers[node.output[0]]
        if len(readers) != 1 or readers[0].op_type != "QuantizeLinear":
            raise UnsupportedByKernels(f"{node.name}: its result is not quantised")
        return _Stored(readers[0].output[0], *self._scale_and_zero(readers[0]))

    def _scale_and_zero(self, node: NodeProto) -> tuple[np.float32, int]:
        scale, zero = (numpy_helper.to_array(self._constants[name]) for name in node.input[1:3])
        if scale.size != 1 or zero.dtype != np.uint8:
            raise UnsupportedByKernels(f"{node.name}: no uint8 with one scale")
        return np.float32(scale.item()), int(zero.item())

    def _weights(self, node: NodeProto) -> _Weights:
        made = self._made_by.get(node.input[1])
        stored = [self._constants.get(name) for name in made.input] if made is not None else []
        arrays = [numpy_helper.to_array(tensor) for tensor in stored if tensor is not None]
        if len(arrays) != 3 or arrays[0].dtype != np.int8 or arrays[2].any():
            raise UnsupportedByKernels(f"{node.name}: weights that are not symmetric int8")
        values, scales, _ = arrays
        return _Weights(values, np.broadcast_to(scales, len(values)))

    def _bias(self, node: NodeProto) -> NDArray[np.int32]:
        """In steps of the products; zeros where there is none."""
        if len(node.input) < 3:
            return np.zeros(len(self._weights(node).values), np.int32)
        bias: NDArray[np.int32] = numpy_helper.to_array(
            self._constants[self._made_by[node.input[2]].input[0]]
        )
        return bias

    def _reader_of(self, node: NodeProto) -> NodeProto | None:
        """The one node that makes a stored result real again, if somebody needs it as such."""
        readers = self._readers[self._result(node).name]
        if len(readers) == 1 and self._is_real(readers[0].output[0]):
            return readers[0]
        return None

    def _is_real(self, name: str) -> bool:
        """Whether a value is read by a node that is not rewritten, or is the graph's answer."""
        readers = self._readers[name]
        return not readers or any(each.op_type not in _REWRITTEN for each in readers)

    def _sum_behind(self, node: NodeProto) -> NodeProto | None:
        """The sum that nothing but this 1x1 convolution's result goes into, and another value."""
        if node.op_type != "Conv" or self._weights(node).values.shape[2:] != (1, 1):
            return None
        readers = self._readers[self._result(node).name]
        sums = self._readers[readers[0].output[0]] if len(readers) == 1 else []
        if len(sums) != 1 or sums[0].op_type != "Add" or not all(map(self._stored, sums[0].input)):
            return None
        if any(self._source(name).op_type == "Resize" for name in sums[0].input):
            return None
        # Of two such convolutions the second one adds.
        return sums[0] if sums[0].input[1] == readers[0].output[0] else None

    def _source(self, name: str) -> NodeProto:
        """What computed a stored value, before it was quantised."""
        made: NodeProto = self._made_by[self._made_by[self._made_by[name].input[0]].input[0]]
        return made

    # What takes its place.

    def _emit(self, kind: str, inputs: list[str], output: str, **stated: float) -> None:
        node = helper.make_node(kind, inputs, [output], output, domain=DOMAIN)
        node.attribute.extend(helper.make_attribute(*pair) for pair in stated.items())
        self._nodes.append(node)

    def _packed(self, node: NodeProto, packed: Packed) -> list[str]:
        names = [f"{node.name}.{part}" for part in packed._fields]
        for name, part in zip(names, packed, strict=True):
            self._tensors.append(numpy_helper.from_array(np.asarray(part), name))
        return names

    def _convolve(self, node: NodeProto, real: NodeProto | None, add: NodeProto | None) -> None:
        """One node for a convolution; for what makes its result real, or adds to it, too."""
        x = self._needed(node.input[0], node)
        values, scales = self._weights(node)
        sliding = _sliding(node)
        if sliding.group != 1:
            self._depthwise(node, sliding)
            return
        if self._source(node.input[0]).op_type == "SpaceToDepth":
            if sliding != _OVER_BLOCKS or values.shape[1:] != _BLOCKS:
                raise _unsupported(node, values)
            self._blocks(x, node)
            # Place by place, colours innermost, as `Blocks` lays them down.
            values = values.transpose(0, 2, 3, 1)
        elif sliding != _POINTWISE or values.shape[2:] != (1, 1) or values.shape[1] % GROUP:
            raise _unsupported(node, values)
        flat = values.reshape(len(values), -1)
        channels = len(flat)
        y = self._result(node)
        offset = self._bias(node) - x.zero * flat.sum(axis=1, dtype=np.int32)
        packed = pack_pointwise(flat, offset, _factors(node, x, scales, y, flat.shape[1]))
        read = [x.name, *self._packed(node, packed)]
        if real is not None:
            scale = float(y.scale)
            self._emit(
                "PointwiseReal", read, real.output[0], channels=channels, zero=y.zero, scale=scale
            )
        elif add is not None:
            other, total = self._needed(add.input[0], add), self._result(add)
            stated = _addition(y, other, total)
            self._emit(
                "PointwiseAdd",
                [*read, other.name],
                total.name,
                channels=channels,
                zero=y.zero,
                **stated,
            )
        else:
            self._emit("Pointwise", read, y.name, channels=channels, zero=y.zero)

    def _blocks(self, x: _Stored, node: NodeProto) -> None:
        (pixels,) = self._source(node.input[0]).input
        self._emit("Blocks", [pixels], x.name, scale=float(x.scale), zero=x.zero)

    def _depthwise(self, node: NodeProto, sliding: _Sliding) -> None:
        x, y = self._needed(node.input[0], node), self._result(node)
        values, scales = self._weights(node)
        side, (stride, *strides) = values.shape[2], sliding.strides
        dilation, *dilations = sliding.dilations
        fits = values.shape[1:] == (1, side, side) and side in _DEPTHWISE_SIDES
        if not fits or strides != [stride] or dilations != [dilation]:
            raise _unsupported(node, values)
        offset = self._bias(node) - x.zero * values.sum(axis=(1, 2, 3), dtype=np.int32)
        by_quads = stride == 1 and dilation <= 2 and len(values) >= _QUADS_CHANNELS
        pack = pack_quads if by_quads else pack_depthwise
        factors = _factors(node, x, scales, y, side * side)
        packed = pack(values[:, 0], offset, factors)
        pads = dict(zip(("top", "left", "bottom", "right"), sliding.pads, strict=True))
        self._emit(
            "DepthwiseQuads" if by_quads else "Depthwise",
            [x.name, *self._packed(node, packed)],
            y.name,
            kernel=side,
            stride=stride,
            dilation=dilation,
            x_zero=x.zero,
            zero=y.zero,
            **pads,
        )

    def _check_upsampling(self, node: NodeProto) -> None:
        """That it doubles, and that a sum follows, which then does both."""
        settings = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        sizes = self._constants.get(node.input[2]) if len(node.input) == 3 else None
        doubles = sizes is not None and numpy_helper.to_array(sizes).tolist() == [1, 1, 2, 2]
        usual = (settings.get("mode"), settings.get("coordinate_transformation_mode"))
        if not doubles or usual != (b"linear", b"half_pixel"):
            raise UnsupportedByKernels(f"{node.name}: no resize but bilinear to the double")
        (reader,) = self._readers[self._result(node).name]
        if [each.op_type for each in self._readers[reader.output[0]]] != ["Add"]:
            raise UnsupportedByKernels(f"{node.name}: no resize without a sum behind it")

    def _add(self, node: NodeProto) -> None:
        sources = [self._source(name) if self._stored(name) else node for name in node.input]
        resizes = [each.op_type == "Resize" for each in sources]
        if any(resizes):
            place = resizes.index(True)
            self._upsample(node, sources[place], node.input[1 - place])
        elif sources[1] is not node and self._sum_behind(sources[1]) is not None:
            self._convolve(sources[1], None, node)
        else:
            self._keep(node, [])

    def _upsample(self, add: NodeProto, resize: NodeProto, beside: str) -> None:
        x, other = self._needed(resize.input[0], resize), self._needed(beside, add)
        between, total = self._result(resize), self._result(add)
        self._emit(
            "UpsampleAdd",
            [x.name, other.name],
            total.name,
            x_zero=x.zero,
            zero=between.zero,
            sixteenth_factor=float(x.scale / between.scale / np.float32(16)),
            **_addition(between, other, total),
        )

    def _keep(self, node: NodeProto, attributes: list[onnx.AttributeProto]) -> None:
        """A node as it is, of values whose channels are last now, between its own conversions."""
        kept = NodeProto()
        kept.CopyFrom(node)
        del kept.attribute[:]
        kept.attribute.extend(attributes)
        for place, name in enumerate(node.input):
            if self._stored(name):
                made = NodeProto()
                made.CopyFrom(self._made_by[name])
                made.name = made.output[0] = kept.input[place] = f"{name}.of.{node.name}"
                self._nodes.append(made)
            elif [side.dim_value for side in self._shapes[name].dim[1:]] != [1, 1, 1]:
                raise UnsupportedByKernels(f"{node.name}: no {node.op_type} of a map of reals")
        (quantise,) = self._readers[node.output[0]]
        self._nodes += [kept, quantise]


def _factors(
    node: NodeProto, x: _Stored, scales: NDArray[np.float32], y: _Stored, products: int
) -> NDArray[np.float32]:
    """From sums of so many products to steps of the result, per channel."""
    factors = x.scale * scales / y.scale
    if float(factors.max()) * products * 255 * 128 >= 2**31:
        raise UnsupportedByKernels(f"{node.name}: results beyond 32 bits")
    return factors


def _addition(a: _Stored, b: _Stored, total: _Stored) -> dict[str, float]:
    """What of `a` and `b` as they are stored is their sum as it is stored."""
    factor, other_factor = a.scale / total.scale, b.scale / total.scale
    offset = np.float32(total.zero) - (other_factor * b.zero + factor * a.zero)
    return {
        "factor": float(factor),
        "other_factor": float(other_factor),
        "offset": float(offset),
    }


def _sliding(node: NodeProto) -> _Sliding:
    stated = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return _POINTWISE._replace(
        **{name: stated[name] for name in _Sliding._fields if name in stated}
    )


def _unsupported(node: NodeProto, weights: NDArray[np.int8]) -> UnsupportedByKernels:
    sliding = ", ".join(f"{name} {value}" for name, value in _sliding(node)._asdict().items())
    return UnsupportedByKernels(
        f"{node.name}: no convolution with weights {weights.shape}, {sliding}"
    )
