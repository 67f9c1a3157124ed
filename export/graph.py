"""The raw network as an ONNX graph: `pixels` in, high-resolution `logits` out."""

import onnx
import torch
from torch import Tensor, nn

from export.onnx_program import to_onnx
from limn.contract import TensorSpec
from training.networks.parsing_network import ParsingNetwork


class _HighResolution(nn.Module):
    """Only the head that serving reads; the low-resolution one is for training."""

    def __init__(self, network: ParsingNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        (pixels,) = inputs
        logits: Tensor = self.network(pixels).high
        return logits


def export_graph(network: ParsingNetwork, tensors: TensorSpec) -> onnx.ModelProto:
    """fp32 ONNX with dynamic batch, height and width.

    Args:
        network: weights loaded; put into evaluation mode here.
        tensors: names of input and output.
    """
    multiple = network.size_multiple
    sides = {
        axis: multiple * torch.export.Dim(name, min=2, max=256)
        for axis, name in ((2, "h"), (3, "w"))
    }
    return to_onnx(
        _HighResolution(network).eval(),
        {tensors.pixels: torch.zeros(2, 3, 4 * multiple, 3 * multiple)},
        [tensors.logits],
        [{0: torch.export.Dim("batch", min=1)} | sides],
    )
