"""From a torch module to a checked ONNX model that tells nothing of the machine it came from."""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import onnx
import torch
from torch import Tensor, nn

OPSET = 18


def to_onnx(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    dynamic: Sequence[Mapping[int, Any]],
) -> onnx.ModelProto:
    """The graph of a module.

    Args:
        module: in evaluation mode.
        inputs: an example of each argument by the name of its input; no dynamic side may be 1.
        outputs: their names.
        dynamic: `torch.export.Dim` by axis, for each input.
    """
    with warnings.catch_warnings():
        # torch.export copies tree specs of its own by a way that torch itself deprecates.
        warnings.filterwarnings("ignore", r".*isinstance\(treespec, LeafSpec\)", FutureWarning)
        # Inputs that share their batch need one name for it, of which torch tells.
        warnings.filterwarnings("ignore", r"# The axis name: .* shares the same shape", UserWarning)
        program = torch.onnx.export(
            module,
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=list(outputs),
            # One entry for `*arguments`, whose entries are those of the inputs.
            dynamic_shapes=(tuple(dict(axes) for axes in dynamic),),
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
