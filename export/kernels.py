"""Limn's own operators beside a network of the repository: rewritten, compared, then stated."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import onnx

from export.accuracy import agreement, open_session
from export.errors import ExportError, GraphDisagrees
from export.files import write_whole
from export.kernel_graph import kernel_graph
from export.material import Photo
from limn.contract import CONTRACT_FILE, KernelGraph, ModelContract, read_contract
from limn.ops import kernels

AGREEMENT = 0.99
"""Share of cells whose winning class must be the same.

All that may differ are ties: a doubled value that lies in the middle between two steps is rounded
by what floats make of it, and the shipped networks give 1 of 400 cells another class for that.
"""


def add_kernels(folder: Path, photos: Sequence[Photo]) -> ModelContract:
    """Write `model.kernels.onnx` into `<name>/<version>`, from its INT8 graph.

    Args:
        folder: `<repository>/<name>/<version>`.
        photos: uint8[H, W, 3] RGB each, to compare winners on.

    Returns:
        The contract as it is now.

    Raises:
        GraphDisagrees: fewer cells agree than must; nothing was written.
        UnsupportedByKernels: the graph has a node that there is no operator for.
        ExportError: the version has no INT8 graph, or such a one already; there are no photos, or
            this CPU cannot run what is to be compared.
        ContractError: the network is not whole.
    """
    contract = read_contract(folder)
    if contract.int8 is None:
        raise ExportError(f"{folder} has no INT8 graph: make it with `limn export int8`")
    if contract.kernels is not None:
        raise ExportError(f"{folder} has a graph of kernels already; a version never changes")
    if not photos:
        raise ExportError("kernels need photos to be compared on")
    library = kernels.library()
    if library is None:
        raise ExportError("kernels are compared on the CPUs that they are for: x86-64 with AVX2")
    file = folder / contract.int8.file
    content = kernel_graph(onnx.load_model(file)).SerializeToString()
    sessions = open_session(file.read_bytes()), open_session(content, library)
    share = agreement(sessions, contract, photos)
    if share < AGREEMENT:
        raise GraphDisagrees(
            f"by kernels {share:.2%} of the cells have the same class; {AGREEMENT:.0%} are needed"
        )
    digest = hashlib.sha256(content).hexdigest()
    stated = KernelGraph(sha256=digest, agreement=round(100 * share, 2))
    updated = contract.model_copy(update={"kernels": stated})
    write_whole(folder / stated.file, content)
    write_whole(folder / CONTRACT_FILE, (updated.model_dump_json(indent=2) + "\n").encode())
    return updated
