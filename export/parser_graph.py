"""A whole parser as one ONNX graph: canvases in, labels, colours and fused scores out.

What surrounds the network is exported from `limn.ops.tensor`; in between stands the network's own
graph, once per scale, with its weights stored once. So both files see the same, to the last bit of
a rounded weight, and what was quantised stays so.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import onnx
import torch
from torch import Tensor, nn

from export.errors import ExportError
from export.onnx_program import to_onnx
from limn.contract import ModelContract, ParserTensorSpec
from limn.ops import tensor as ops
from training.networks.parsing_network import ParsingNetwork


class Parsed(NamedTuple):
    """`labels` uint8[B, S_h, S_w], `color` uint8[B, S_h, S_w, 3], `scores` float16[B, K, h, w]."""

    labels: Tensor
    color: Tensor
    scores: Tensor


class _Before(nn.Module):
    """A canvas as the network takes it, at every scale of the contract."""

    def __init__(self, contract: ModelContract) -> None:
        super().__init__()
        self.contract = contract

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """uint8[B, S_h, S_w, 3] to float32[B, 3, h_i, w_i] each."""
        (canvas,) = inputs
        contract = self.contract
        return tuple(
            ops.preprocess(canvas, size, contract.mean, contract.std)
            for size in contract.scales.values()
        )


class _After(nn.Module):
    """Fusion, choice and palette."""

    palette: Tensor

    def __init__(self, contract: ModelContract) -> None:
        super().__init__()
        self.contract = contract
        # Numbers that TensorRT can look up; it knows bytes at inputs and outputs only.
        colors = torch.tensor(contract.labels.palette, dtype=torch.float32)
        self.register_buffer("palette", colors, persistent=False)

    def forward(self, *logits: Tensor) -> Parsed:
        """float32[B, K, h_i, w_i] of every scale; see `Parsed`."""
        (height, width), stride = self.contract.canvas, self.contract.stride
        views = [ops.probabilities(each) for each in logits]
        scores = ops.fuse(views, (height // stride, width // stride))
        chosen = ops.choose_on_canvas(scores, (height, width))
        color = self.palette[chosen]
        return Parsed(chosen.float().to(torch.uint8), color.to(torch.uint8), scores.half())


class Parser(nn.Module):
    """The same in PyTorch, which the graph is compared with."""

    def __init__(self, network: ParsingNetwork, contract: ModelContract) -> None:
        super().__init__()
        self.network = network
        self.contract = contract
        self.before, self.after = _Before(contract), _After(contract)

    def forward(self, canvas: Tensor) -> Parsed:
        """See `Parsed`; `canvas` is uint8[B, S_h, S_w, 3] RGB."""
        parsed: Parsed = self.after(*(self.network(one).high for one in self.before(canvas)))
        return parsed


def parser_graph(
    network: onnx.ModelProto, contract: ModelContract, tensors: ParserTensorSpec
) -> onnx.ModelProto:
    """ONNX with dynamic batch; all other sizes are those of the contract.

    Args:
        network: as `export_graph` gives it, perhaps stored in half precision or quantised.
        contract: of that network.
        tensors: names of input and outputs.
    """
    scales = list(contract.scales.values())
    batch = {0: torch.export.Dim("batch", min=1)}
    canvas = torch.zeros(2, *contract.canvas, 3, dtype=torch.uint8)
    pixels = [f"pixels_{index}" for index in range(len(scales))]
    logits = [f"logits_{index}" for index in range(len(scales))]
    before = to_onnx(_Before(contract).eval(), {tensors.canvas: canvas}, pixels, [batch])
    examples = {
        name: torch.zeros(2, len(contract.labels.classes), *(s // contract.stride for s in size))
        for name, size in zip(logits, scales, strict=True)
    }
    outputs = [tensors.labels, tensors.color, tensors.scores]
    after = to_onnx(_After(contract).eval(), examples, outputs, [batch] * len(scales))
    return _joined(before, network, after, dict(zip(pixels, logits, strict=True)))


def _joined(
    before: onnx.ModelProto,
    network: onnx.ModelProto,
    after: onnx.ModelProto,
    views: Mapping[str, str],
) -> onnx.ModelProto:
    """One model; `views` has the network's input and output of every scale by their new names."""
    versions = {_opset(part) for part in (before, network, after)}
    if len(versions) > 1:
        raise ExportError(f"the parts of a parser have opsets {sorted(versions)}")
    nodes = [*_own(before.graph.node, "before_", {*views, before.graph.input[0].name})]
    fixed, seeing = _split(network.graph)
    nodes += fixed
    shared = {tensor.name for tensor in network.graph.initializer}
    shared |= {name for node in fixed for name in node.output}
    for index, (pixels, logits) in enumerate(views.items()):
        ends = {network.graph.input[0].name: pixels, network.graph.output[0].name: logits}
        nodes += _renamed(seeing, f"view_{index}_", ends, shared)
    outside = {*views.values(), *(output.name for output in after.graph.output)}
    nodes += _own(after.graph.node, "after_", outside)
    weights = [*network.graph.initializer]
    for part, prefix in ((before, "before_"), (after, "after_")):
        for tensor in part.graph.initializer:
            own = onnx.TensorProto()
            own.CopyFrom(tensor)
            own.name = prefix + tensor.name
            weights.append(own)
    graph = onnx.helper.make_graph(
        nodes, "parser", before.graph.input, after.graph.output, initializer=weights
    )
    model = onnx.helper.make_model(
        graph, opset_imports=network.opset_import, ir_version=network.ir_version
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _split(graph: onnx.GraphProto) -> tuple[list[onnx.NodeProto], list[onnx.NodeProto]]:
    """Nodes that only weights lead to, as the casts of stored halves, and those that see pixels."""
    fixed, seeing = [], []
    known = {"", *(tensor.name for tensor in graph.initializer)}
    for node in graph.node:
        if known.issuperset(node.input):
            known.update(node.output)
            fixed.append(node)
        else:
            seeing.append(node)
    return fixed, seeing


def _opset(model: onnx.ModelProto) -> int:
    return next(int(entry.version) for entry in model.opset_import if not entry.domain)


def _own(
    nodes: Iterable[onnx.NodeProto], prefix: str, kept: Iterable[str]
) -> Iterator[onnx.NodeProto]:
    return _renamed(nodes, prefix, {name: name for name in kept}, ())


def _renamed(
    nodes: Iterable[onnx.NodeProto], prefix: str, names: Mapping[str, str], shared: Iterable[str]
) -> Iterator[onnx.NodeProto]:
    """Copies whose values have a prefix, but for some with other names and some that are shared."""
    known = {"": ""} | {name: name for name in shared} | dict(names)
    for node in nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = prefix + node.name if node.name else ""
        copy.input[:] = [known.get(name, prefix + name) for name in node.input]
        copy.output[:] = [known.get(name, prefix + name) for name in node.output]
        yield copy
