import onnx
import pytest
from onnx import TensorProto, helper

from export.errors import UnsupportedByTensorRt
from export.operators import check_for_tensorrt, operators


def model(*nodes: onnx.NodeProto, source: int = TensorProto.FLOAT) -> onnx.ModelProto:
    """From `a` to `z`."""
    ends = (("a", source), ("z", TensorProto.FLOAT))
    first, last = (helper.make_tensor_value_info(name, kind, [1, 4]) for name, kind in ends)
    return helper.make_model(helper.make_graph(nodes, "small", [first], [last]))


def test_operators_are_counted_with_the_domain_of_foreign_ones() -> None:
    own = [helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Relu", ["b"], ["c"])]
    foreign = helper.make_node("Gelu", ["c"], ["z"], domain="com.microsoft")

    assert operators(model(*own, foreign)) == {"Relu": 2, "com.microsoft::Gelu": 1}
    with pytest.raises(UnsupportedByTensorRt, match=r"com\.microsoft::Gelu"):
        check_for_tensorrt(model(*own, foreign))


def test_bytes_may_only_be_cast() -> None:
    cast = helper.make_node("Cast", ["a"], ["b"], to=TensorProto.FLOAT)
    check_for_tensorrt(
        model(cast, helper.make_node("Relu", ["b"], ["z"]), source=TensorProto.UINT8)
    )

    turned = helper.make_node("Transpose", ["a"], ["z"])
    with pytest.raises(UnsupportedByTensorRt, match="given bytes: Transpose"):
        check_for_tensorrt(model(turned, source=TensorProto.UINT8))
