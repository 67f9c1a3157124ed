"""Which graphs TensorRT can take: a list of operators, and where bytes may be.

By the support matrix of the TensorRT ONNX parser (onnx-tensorrt, docs/operators.md): those that our
networks and parsers could come to use. UINT8 is a type of inputs and outputs alone, next to a Cast.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import onnx
from onnx import TensorProto

from export.errors import UnsupportedByTensorRt

TENSORRT_OPERATORS = frozenset(
    """
    Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Clip Concat Constant
    ConstantOfShape Conv ConvTranspose DepthToSpace Div Dropout Einsum Elu Equal Erf Exp Expand
    Flatten Floor Gather GatherElements GatherND Gemm GlobalAveragePool GlobalMaxPool Greater
    GreaterOrEqual GridSample HardSigmoid HardSwish Identity InstanceNormalization LeakyRelu Less
    LessOrEqual Log LogSoftmax MatMul Max MaxPool Mean Min Mul Neg Not Or PRelu Pad Pow Range
    ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Relu Reshape Resize Round Shape Sigmoid
    Size Slice Softmax Softplus SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose
    Unsqueeze Upsample Where
    """.split()  # noqa: SIM905 - a hundred quotes would hide the names
)


def operators(model: onnx.ModelProto) -> Counter[str]:
    """How often each operator occurs, those of other domains with the domain before them."""
    return Counter(
        f"{node.domain}::{node.op_type}" if node.domain else node.op_type
        for node in model.graph.node
    )


def check_for_tensorrt(model: onnx.ModelProto) -> None:
    """UnsupportedByTensorRt names every operator that TensorRT has not, or that is given bytes."""
    unknown = sorted(set(operators(model)) - TENSORRT_OPERATORS)
    if unknown:
        raise UnsupportedByTensorRt(f"operators that TensorRT has not: {', '.join(unknown)}")
    faults = sorted(set(_on_bytes(model)))
    if faults:
        raise UnsupportedByTensorRt(f"operators that are given bytes: {', '.join(faults)}")


def _on_bytes(model: onnx.ModelProto) -> Iterator[str]:
    """Operators beside an input or output of UINT8 that are no casts."""
    graph = model.graph
    inputs, outputs = _bytes_among(graph.input), _bytes_among(graph.output)
    for node in graph.node:
        if node.op_type != "Cast" and (inputs & set(node.input) or outputs & set(node.output)):
            yield node.op_type


def _bytes_among(values: Iterable[onnx.ValueInfoProto]) -> set[str]:
    return {value.name for value in values if value.type.tensor_type.elem_type == TensorProto.UINT8}
