"""INT8 beside a network of the repository: quantised, judged by its accuracy, then stated."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnx
from numpy.typing import NDArray

from export.accuracy import accuracy, check_accuracy, open_session
from export.errors import ExportError
from export.files import write_whole
from export.material import Material, canvases
from export.parser_graph import parser_graph
from export.quantize import quantize
from limn.contract import (
    CONTRACT_FILE,
    PARSER_SUFFIX,
    Int8Graph,
    ModelContract,
    ParserContract,
    ParserTensorSpec,
    read_contract,
    read_parser_contract,
)
from limn.ops import array

Contract = TypeVar("Contract", ModelContract, ParserContract)


def add_int8(folder: Path, material: Material) -> ModelContract:
    """Write `model.int8.onnx` into `<name>/<version>` and `<name>_parse/<version>`.

    The contracts then name it, and a CPU runs it instead of `model.onnx`.

    Args:
        folder: `<repository>/<name>/<version>`; the parser of that version lies beside it.
        material: pictures to calibrate with and to judge by.

    Returns:
        The contract of the network as it is now.

    Raises:
        AccuracyLost: annotated photos are seen worse than may be; nothing was written.
        ExportError: there are no pictures, or the version has INT8 already.
        ContractError: network or parser is not whole.
    """
    if not (material.calibration and material.annotated):
        raise ExportError("INT8 needs pictures to calibrate with and annotated ones to judge by")
    contract = read_contract(folder)
    if contract.int8 is not None:
        raise ExportError(f"{folder} has INT8 already; a version never changes")
    parser_folder = folder.parent.with_name(contract.name + PARSER_SUFFIX) / folder.name
    parser_contract = read_parser_contract(parser_folder)
    whole = onnx.load_model(folder / contract.file)
    quantised = quantize(whole, _pixels(contract, material))
    before, after = (
        accuracy(open_session(graph.SerializeToString()), contract, material.annotated)
        for graph in (whole, quantised)
    )
    check_accuracy(before, after)
    parser = parser_graph(quantised, contract, ParserTensorSpec())
    judged: dict[str, str | float] = {
        "judged_on": material.title,
        "mean_iou_before": round(100 * before.mean_iou, 2),
        "mean_iou": round(100 * after.mean_iou, 2),
    }
    _write(parser_folder, parser_contract, parser, judged)
    return _write(folder, contract, quantised, judged)


def _pixels(contract: ModelContract, material: Material) -> Iterator[NDArray[np.float32]]:
    """Calibration pictures one by one, as the network sees them at every scale."""
    for one in canvases(material.calibration, contract):
        for size in contract.scales.values():
            yield array.preprocess(one[np.newaxis], size, contract.mean, contract.std)


def _write(
    folder: Path, contract: Contract, graph: onnx.ModelProto, judged: Mapping[str, str | float]
) -> Contract:
    """The graph, then the contract that names it."""
    content = graph.SerializeToString()
    stated = Int8Graph.model_validate({"sha256": hashlib.sha256(content).hexdigest(), **judged})
    updated = contract.model_copy(update={"int8": stated})
    write_whole(folder / stated.file, content)
    write_whole(folder / CONTRACT_FILE, (updated.model_dump_json(indent=2) + "\n").encode())
    return updated
