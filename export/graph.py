"""The raw network as an ONNX graph: `pixels` in, high-resolution `logits` out."""

import io
import warnings

import onnx
import torch
from torch import Tensor, nn

from limn.contract import TensorSpec
from training.networks.parsing_network import ParsingNetwork

OPSET = 18


class _HighResolution(nn.Module):
    """Only the head that serving reads; the low-resolution one is for training."""

    def __init__(self, network: ParsingNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.network(pixels).high
        return logits


def export_graph(network: ParsingNetwork, tensors: TensorSpec) -> onnx.ModelProto:
    """fp32 ONNX with dynamic batch, height and width.

    Args:
        network: weights loaded; put into evaluation mode here.
        tensors: names of input and output.
    """
    multiple = network.size_multiple
    example = torch.zeros(2, 3, 4 * multiple, 3 * multiple)
    height = multiple * torch.export.Dim("h", min=2, max=256)
    width = multiple * torch.export.Dim("w", min=2, max=256)
    with warnings.catch_warnings():
        # torch.export copies tree specs of its own by a way that torch itself deprecates.
        warnings.filterwarnings("ignore", r".*isinstance\(treespec, LeafSpec\)", FutureWarning)
        program = torch.onnx.export(
            _HighResolution(network).eval(),
            (example,),
            input_names=[tensors.pixels],
            output_names=[tensors.logits],
            dynamic_shapes={"pixels": {0: torch.export.Dim("batch", min=1), 2: height, 3: width}},
            opset_version=OPSET,
            dynamo=True,
            optimize=True,
            verbose=False,
        )
    assert program is not None
    buffer = io.BytesIO()
    # A stream will do as well, though the annotation names paths only.
    program.save(buffer)  # type: ignore[arg-type]
    model = _without_traces(onnx.load_model_from_string(buffer.getvalue()))
    onnx.checker.check_model(model, full_check=True)
    return model


def _without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without what the exporter notes beside it: stack traces with paths."""
    graph = model.graph
    values = (*graph.value_info, *graph.input, *graph.output)
    for part in (model, graph, *graph.node, *graph.initializer, *values):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return model
