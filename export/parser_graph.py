"""A whole parser as one ONNX graph: canvases in, labels, colours and fused scores out."""

from typing import NamedTuple

import onnx
import torch
from torch import Tensor, nn

from export.onnx_program import to_onnx
from limn.contract import ModelContract, ParserTensorSpec
from limn.ops import tensor as ops
from training.networks.parsing_network import ParsingNetwork


class Parsed(NamedTuple):
    """`labels` uint8[B, S_h, S_w], `color` uint8[B, S_h, S_w, 3], `scores` float16[B, K, h, w]."""

    labels: Tensor
    color: Tensor
    scores: Tensor


class Parser(nn.Module):
    """A network with preprocessing before it and fusion, choice and palette behind it.

    The functions are those of `limn.ops.tensor`, by which the network was evaluated.
    """

    palette: Tensor

    def __init__(self, network: ParsingNetwork, contract: ModelContract) -> None:
        super().__init__()
        self.network = network
        self.contract = contract
        # Numbers that TensorRT can look up; it knows bytes at inputs and outputs only.
        colors = torch.tensor(contract.labels.palette, dtype=torch.float32)
        self.register_buffer("palette", colors, persistent=False)

    def forward(self, canvas: Tensor) -> Parsed:
        """See `Parsed`; `canvas` is uint8[B, S_h, S_w, 3] RGB."""
        contract = self.contract
        size, stride = contract.canvas, contract.stride
        views = [
            ops.probabilities(self.network(self._pixels(canvas, input_size)).high)
            for input_size in contract.scales.values()
        ]
        scores = ops.fuse(views, (size[0] // stride, size[1] // stride))
        chosen = ops.choose_on_canvas(scores, size)
        color = self.palette[chosen]
        return Parsed(chosen.float().to(torch.uint8), color.to(torch.uint8), scores.half())

    def _pixels(self, canvas: Tensor, size: tuple[int, int]) -> Tensor:
        return ops.preprocess(canvas, size, self.contract.mean, self.contract.std)


def export_parser_graph(
    network: ParsingNetwork, contract: ModelContract, tensors: ParserTensorSpec
) -> onnx.ModelProto:
    """fp32 ONNX with dynamic batch; all other sizes are those of the network's contract."""
    return to_onnx(
        Parser(network, contract).eval(),
        torch.zeros(2, *contract.canvas, 3, dtype=torch.uint8),
        tensors.canvas,
        [tensors.labels, tensors.color, tensors.scores],
        {0: torch.export.Dim("batch", min=1)},
    )
