"""An eager PyTorch network from an ONNX graph: the same weights, layer by layer."""

from collections.abc import Callable, Mapping
from functools import partial, reduce
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

from loadtests.bench.peers.work import Floats, Network

Constants = Mapping[str, NDArray[Any]]
Layer = Callable[..., Tensor]


def torch_network(model: Path) -> Network:
    """Channels last, as PyTorch advises for a CPU; as many threads as OMP_NUM_THREADS says."""
    module = GraphModule(onnx.load(model)).eval()
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(pixels: Floats) -> Floats:
        with torch.inference_mode():
            inputs = torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last)
            logits: Floats = module(inputs).contiguous().numpy()
            return logits

    return run


class GraphModule(nn.Module):
    """Does the nodes of a graph in their order.

    What depends on no input, such as weights in half precision or INT8, is computed beforehand.
    Activations that the graph quantises stay floats: eager PyTorch convolves in nothing else, and
    rounding them for the sake of equal answers takes three times as long.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        (self._input,) = (value.name for value in model.graph.input)
        (self._output,) = (value.name for value in model.graph.output)
        constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        self._steps: list[tuple[Layer, list[str], str]] = []
        for node in model.graph.node:
            if all(name in constants for name in node.input if name):
                given = {name: constants[name] for name in node.input if name}
                found = ReferenceEvaluator(node).run(None, given)
                constants.update(zip(node.output, map(np.asarray, found), strict=True))
            else:
                tensors, layer = _layer(node, constants)
                for name in set(tensors) & constants.keys():
                    self._keep(name, constants[name])
                self._steps.append((layer, tensors, node.output[0]))
        self._last_use = {
            name: index for index, (_, names, _) in enumerate(self._steps) for name in names
        }

    def _keep(self, name: str, array: NDArray[Any]) -> None:
        buffer = _buffer(name)
        if not hasattr(self, buffer):
            is_float = np.issubdtype(array.dtype, np.floating)
            kept = np.array(array, np.float32 if is_float else array.dtype)
            self.register_buffer(buffer, torch.from_numpy(kept))

    def forward(self, pixels: Tensor) -> Tensor:
        values = {self._input: pixels}
        for index, (layer, names, output) in enumerate(self._steps):
            arguments = [values[n] if n in values else getattr(self, _buffer(n)) for n in names]
            values[output] = layer(*arguments)
            # As in a module written by hand, where variables go out of scope.
            for name in names:
                if self._last_use[name] == index:
                    values.pop(name, None)
        return values[self._output]


def _buffer(name: str) -> str:
    """Names of modules have no dots."""
    return name.replace(".", "__")


def _layer(node: onnx.NodeProto, constants: Constants) -> tuple[list[str], Layer]:
    """Names of the tensors that a node takes, and what it does with them."""
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    tensors = [name for name in node.input if name]
    match node.op_type:
        case "Conv":
            return tensors, _convolution(attributes)
        case "BatchNormalization":
            # ONNX names scale and bias before the statistics, PyTorch after them.
            x, scale, bias, mean, var = tensors
            return [x, mean, var, scale, bias], partial(F.batch_norm, eps=attributes["epsilon"])
        case "Clip":
            low, high = (float(constants[name]) for name in node.input[1:])
            return tensors[:1], partial(torch.clamp, min=low, max=high)
        case "Relu":
            return tensors, F.relu
        case "Add":
            return tensors, torch.add
        case "Mul":
            return tensors, torch.mul
        case "Div":
            return tensors, _quotient
        case "Sigmoid":
            return tensors, torch.sigmoid
        case "Softmax":
            return tensors, partial(torch.softmax, dim=attributes["axis"])
        case "ReduceSum":
            axes, keep = tuple(constants[node.input[1]].tolist()), bool(attributes["keepdims"])
            return tensors[:1], partial(torch.sum, dim=axes, keepdim=keep)
        case "Shape":
            span = slice(attributes.get("start"), attributes.get("end"))
            return tensors, lambda x: torch.tensor(x.shape[span])
        case "Reshape":
            return tensors, lambda x, shape: x.reshape(shape.tolist())
        case "Squeeze":
            axes = tuple(constants[node.input[1]].tolist()) if len(node.input) > 1 else ()
            return tensors[:1], lambda x: x.squeeze(axes) if axes else x.squeeze()
        case "Unsqueeze":
            places = sorted(constants[node.input[1]].tolist())
            return tensors[:1], lambda x: reduce(torch.unsqueeze, places, x)
        case "Concat":
            return tensors, lambda *parts: torch.cat(parts, dim=attributes["axis"])
        case "Resize":
            scales = tuple(map(float, constants[node.input[2]][2:]))
            return tensors[:1], _bilinear(scales)
        case "Slice":
            starts, ends, axes, *steps = (constants[name].tolist() for name in node.input[1:])
            spans = dict(zip(axes, map(slice, starts, ends, *steps), strict=True))
            return tensors[:1], lambda x: x[
                tuple(spans.get(axis, slice(None)) for axis in range(x.ndim))
            ]
        case "SpaceToDepth":
            return tensors, partial(_blocks, side=attributes["blocksize"])
        case "QuantizeLinear":
            return tensors[:1], _limits(*(constants[name] for name in node.input[1:]))
        case "DequantizeLinear":
            # `QuantizeLinear` has left floats.
            return tensors[:1], nn.Identity()
    raise ValueError(f"{node.op_type} is not translated to PyTorch")


def _quotient(dividend: Tensor, divisor: Tensor) -> Tensor:
    """Of whole numbers, which sizes are, a whole one."""
    rounding = None if dividend.is_floating_point() else "trunc"
    return torch.div(dividend, divisor, rounding_mode=rounding)


def _convolution(attributes: Mapping[str, Any]) -> Layer:
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    options = {name: attributes.get(f"{name}s", [1, 1]) for name in ("stride", "dilation")}
    convolve = partial(F.conv2d, groups=attributes.get("group", 1), **options)
    if (top, left) == (bottom, right):
        return partial(convolve, padding=(top, left))
    return lambda x, *weights: convolve(F.pad(x, (left, right, top, bottom)), *weights)


def _limits(scale: NDArray[Any], zero_point: NDArray[Any]) -> Layer:
    """Cuts off what one byte cannot stand for: such graphs have no other ReLU."""
    byte = np.iinfo(zero_point.dtype)
    low, high = ((end - int(zero_point)) * float(scale) for end in (byte.min, byte.max))
    return partial(torch.clamp, min=low, max=high)


def _blocks(x: Tensor, side: int) -> Tensor:
    """Pixels of a block as channels, row by row; `pixel_unshuffle` has them in another order."""
    batch, channels, height, width = x.shape
    blocks = x.reshape(batch, channels, height // side, side, width // side, side)
    return blocks.permute(0, 3, 5, 1, 2, 4).flatten(1, 3)


def _bilinear(scales: tuple[float, ...]) -> Layer:
    return partial(F.interpolate, scale_factor=scales, mode="bilinear", align_corners=False)
