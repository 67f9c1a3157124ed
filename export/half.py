"""Half precision beside a network of the repository: converted, compared, then stated."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import helper
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from export.accuracy import agreement, open_session
from export.errors import ExportError, GraphDisagrees
from export.files import write_whole
from export.fold import fold_norms
from export.material import Photo
from export.storage import restore_whole
from limn.contract import CONTRACT_FILE, HalfGraph, ModelContract, read_contract

AGREEMENT = 0.999
"""Share of cells whose winning class must be the same."""


def add_half(folder: Path, photos: Sequence[Photo]) -> ModelContract:
    """Write `model.half.onnx` into `<name>/<version>`; input and output stay fp32.

    A CPU computes it in fp32 between roundings, which is how it is compared here.

    Args:
        folder: `<repository>/<name>/<version>`.
        photos: uint8[H, W, 3] RGB each, to compare winners on.

    Returns:
        The contract as it is now.

    Raises:
        GraphDisagrees: fewer cells agree than must; nothing was written.
        ExportError: the version has such a graph already, or there are no photos.
        ContractError: the network is not whole.
    """
    contract = read_contract(folder)
    if contract.half is not None:
        raise ExportError(f"{folder} has a graph in half precision; a version never changes")
    if not photos:
        raise ExportError("half precision needs photos to be compared on")
    whole = onnx.load_model(folder / contract.file)
    half = to_half(whole)
    sessions = open_session(whole.SerializeToString()), open_session(half.SerializeToString())
    share = agreement(sessions, contract, photos)
    if share < AGREEMENT:
        raise GraphDisagrees(
            f"in half precision {share:.2%} of the cells have the same class;"
            f" {AGREEMENT:.1%} are needed"
        )
    content = half.SerializeToString()
    stated = HalfGraph(sha256=hashlib.sha256(content).hexdigest(), agreement=round(100 * share, 2))
    updated = contract.model_copy(update={"half": stated})
    write_whole(folder / stated.file, content)
    write_whole(folder / CONTRACT_FILE, (updated.model_dump_json(indent=2) + "\n").encode())
    return updated


def to_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy that computes in half precision between casts of its input and output.

    Some convolutions stay in fp32: see `_slow_in_half`.
    """
    whole = fold_norms(restore_whole(model))
    _part_constants(whole)
    half: onnx.ModelProto = convert_float_to_float16(
        whole, keep_io_types=True, node_block_list=_slow_in_half(whole)
    )
    # What was noted of the values between is that of before.
    del half.graph.value_info[:]
    # The casts stand at the end, behind the nodes that they are for.
    OnnxModel(half).topological_sort()
    onnx.checker.check_model(half, full_check=True)
    return half


def _slow_in_half(model: onnx.ModelProto) -> list[str]:
    """Names of dilated depthwise convolutions beyond 3x3.

    In half precision cuDNN 9's heuristics start a kernel for every channel of such a one, 3,456
    in the light generator: 7.0 ms for 16 canvases on an H200, where trying every algorithm finds
    3.9 ms, after seconds for each size and batch. In fp32 they choose well.
    """
    slow = []
    for node in model.graph.node:
        settings = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        depthwise = node.op_type == "Conv" and settings.get("group", 1) > 1
        if depthwise and max(settings["dilations"]) > 1 and max(settings["kernel_shape"]) > 3:
            slow.append(node.name)
    return slow


def _part_constants(model: onnx.ModelProto) -> None:
    """Give every resize constants of its own: the converter cannot cast those of two."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for number, node in enumerate(model.graph.node):
        if node.op_type != "Resize":
            continue
        for place, name in enumerate(node.input):
            if name in tensors:
                own = onnx.TensorProto()
                own.CopyFrom(tensors[name])
                own.name = f"{name}.{number}"
                model.graph.initializer.append(own)
                node.input[place] = own.name
