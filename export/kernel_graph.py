"""The INT8 graph in operators of Limn's own: `limn/ops/kernels`, which ONNX Runtime loads.

Same weights, same scales, same rounding; what changes is how often a value is read and written.
Values between are uint8[N, H, W, C]. A convolution is one node, with its quantising and a sum
behind it; so is doubling in a decoder. Whatever is small stays as ONNX has it.
"""

from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from export.errors import UnsupportedByKernels
from export.packing import GROUP, PAIR, Packed, pack_depthwise, pack_pointwise, pack_quads
from export.quantised_graph import QuantisedGraph, Stored

DOMAIN, VERSION = "limn", 1

_DEPTHWISE_SIDES = (3, 5)
_QUADS_CHANNELS = 48
"""From here on blocks of 64 channels are full enough; and phases long enough, up to dilation 2."""

_BLOCKS = (12, 2, 2)
"""Weights of a first convolution, for every output channel: see `export.stem`."""
_BETWEEN = ("QuantizeLinear", "DequantizeLinear", "SpaceToDepth")
"""Part of the nodes around them."""


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
        UnsupportedByKernels: it has a node of a kind that there is no operator for, or weights
            whose products a CPU without VNNI would cut off.
    """
    return _Rewriting(onnx.shape_inference.infer_shapes(model)).run()


class _Rewriting:
    """A graph as it was, and the nodes that take its place."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self._graph = QuantisedGraph(model)
        self._nodes: list[NodeProto] = []
        self._tensors: list[TensorProto] = []

    def run(self) -> onnx.ModelProto:
        for node in self._model.graph.node:
            self._rewrite(node)
        graph = self._model.graph
        read = {name for node in self._nodes for name in node.input}
        kept = [tensor for name, tensor in self._graph.constants.items() if name in read]
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
            if self._graph.sum_behind(node) is None:
                self._convolve(node, self._graph.reader_of(node), None)
        elif node.op_type == "Resize":
            self._check_upsampling(node)
        elif node.op_type == "Add" and any(map(self._graph.stored, node.input)):
            self._add(node)
        elif node.op_type == "Concat" and self._graph.stored(node.input[0]):
            self._keep(node, [helper.make_attribute("axis", 3)])
        elif node.op_type == "Mul" and any(map(self._graph.stored, node.input)):
            self._keep(node, [])
        elif any(map(self._graph.stored, node.input)) and not all(
            map(self._graph.is_real, node.input)
        ):
            raise UnsupportedByKernels(f"{node.name}: no {node.op_type} of quantised values")
        else:
            self._nodes.append(node)

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
        x = self._graph.needed(node.input[0], node)
        values, scales = self._graph.weights(node)
        sliding = _sliding(node)
        if sliding.group != 1:
            self._depthwise(node, sliding)
            return
        if self._graph.source(node.input[0]).op_type == "SpaceToDepth":
            if sliding != _OVER_BLOCKS or values.shape[1:] != _BLOCKS:
                raise _unsupported(node, values)
            self._blocks(x, node)
            # Place by place, colours innermost, as `Blocks` lays them down.
            values = values.transpose(0, 2, 3, 1)
        elif sliding != _POINTWISE or values.shape[2:] != (1, 1) or values.shape[1] % GROUP:
            raise _unsupported(node, values)
        flat = values.reshape(len(values), -1)
        _check_pairs(node, flat)
        channels = len(flat)
        y = self._graph.result(node)
        offset = self._graph.bias(node) - x.zero * flat.sum(axis=1, dtype=np.int32)
        packed = pack_pointwise(flat, offset, _factors(node, x, scales, y, flat.shape[1]))
        read = [x.name, *self._packed(node, packed)]
        if real is not None:
            scale = float(y.scale)
            self._emit(
                "PointwiseReal", read, real.output[0], channels=channels, zero=y.zero, scale=scale
            )
        elif add is not None:
            other, total = self._graph.needed(add.input[0], add), self._graph.result(add)
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

    def _blocks(self, x: Stored, node: NodeProto) -> None:
        (pixels,) = self._graph.source(node.input[0]).input
        self._emit("Blocks", [pixels], x.name, scale=float(x.scale), zero=x.zero)

    def _depthwise(self, node: NodeProto, sliding: _Sliding) -> None:
        x, y = self._graph.needed(node.input[0], node), self._graph.result(node)
        values, scales = self._graph.weights(node)
        side, (stride, *strides) = values.shape[2], sliding.strides
        dilation, *dilations = sliding.dilations
        fits = values.shape[1:] == (1, side, side) and side in _DEPTHWISE_SIDES
        if not fits or strides != [stride] or dilations != [dilation]:
            raise _unsupported(node, values)
        offset = self._graph.bias(node) - x.zero * values.sum(axis=(1, 2, 3), dtype=np.int32)
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
        sizes = self._graph.constants.get(node.input[2]) if len(node.input) == 3 else None
        doubles = sizes is not None and numpy_helper.to_array(sizes).tolist() == [1, 1, 2, 2]
        usual = (settings.get("mode"), settings.get("coordinate_transformation_mode"))
        if not doubles or usual != (b"linear", b"half_pixel"):
            raise UnsupportedByKernels(f"{node.name}: no resize but bilinear to the double")
        (reader,) = self._graph.readers[self._graph.result(node).name]
        if [each.op_type for each in self._graph.readers[reader.output[0]]] != ["Add"]:
            raise UnsupportedByKernels(f"{node.name}: no resize without a sum behind it")

    def _add(self, node: NodeProto) -> None:
        sources = [
            self._graph.source(name) if self._graph.stored(name) else node for name in node.input
        ]
        resizes = [each.op_type == "Resize" for each in sources]
        if any(resizes):
            place = resizes.index(True)
            self._upsample(node, sources[place], node.input[1 - place])
        elif sources[1] is not node and self._graph.sum_behind(sources[1]) is not None:
            self._convolve(sources[1], None, node)
        else:
            self._keep(node, [])

    def _upsample(self, add: NodeProto, resize: NodeProto, beside: str) -> None:
        x, other = self._graph.needed(resize.input[0], resize), self._graph.needed(beside, add)
        between, total = self._graph.result(resize), self._graph.result(add)
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
            if self._graph.stored(name):
                made = NodeProto()
                made.CopyFrom(self._graph.made_by[name])
                made.name = made.output[0] = kept.input[place] = f"{name}.of.{node.name}"
                self._nodes.append(made)
            elif [side.dim_value for side in self._graph.shapes[name].dim[1:]] != [1, 1, 1]:
                raise UnsupportedByKernels(f"{node.name}: no {node.op_type} of a map of reals")
        (quantise,) = self._graph.readers[node.output[0]]
        self._nodes += [kept, quantise]


def _factors(
    node: NodeProto, x: Stored, scales: NDArray[np.float32], y: Stored, products: int
) -> NDArray[np.float32]:
    """From sums of so many products to steps of the result, per channel."""
    factors = x.scale * scales / y.scale
    if float(factors.max()) * products * 255 * 128 >= 2**31:
        raise UnsupportedByKernels(f"{node.name}: results beyond 32 bits")
    return factors


def _check_pairs(node: NodeProto, weights: NDArray[np.int8]) -> None:
    """That any CPU adds the products of neighbours, int8[O, I], exactly."""
    sums = np.abs(weights.astype(np.int32)).reshape(len(weights), -1, 2).sum(axis=2)
    if sums.max() > PAIR:
        raise UnsupportedByKernels(
            f"{node.name}: neighbouring weights sum to {sums.max()} where {PAIR} is the most that a"
            " CPU without VNNI adds; make the INT8 graph anew with `limn export int8`"
        )


def _addition(a: Stored, b: Stored, total: Stored) -> dict[str, float]:
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
