"""What Triton serves must be what the contracts say, or masks would be wrong without a word."""

from collections.abc import Sequence

from tritonclient.grpc.service_pb2 import ModelMetadataResponse

from limn.contract import ModelContract, ParserContract
from service.engines.triton.connection import TritonConnection
from service.errors import EngineUnavailable
from service.repository import ServedModel

Tensors = dict[str, tuple[str, tuple[int, ...]]]
"""Data type and shape by name; -1 is any length."""


async def require_agreement(connection: TritonConnection, model: ServedModel) -> None:
    """EngineUnavailable where names, types, classes or sizes of a model or its parser differ."""
    await _require(connection, model.contract, *_network(model.contract))
    if model.parser is not None:
        await _require(connection, model.parser, *_parser(model.parser))


async def _require(
    connection: TritonConnection,
    contract: ModelContract | ParserContract,
    inputs: Tensors,
    outputs: Tensors,
) -> None:
    served: ModelMetadataResponse = await connection.ask(
        lambda client: client.get_model_metadata(contract.name, str(contract.version))
    )
    for stated, found in ((inputs, served.inputs), (outputs, served.outputs)):
        tensors = {tensor.name: (tensor.datatype, tuple(tensor.shape)) for tensor in found}
        for name, (datatype, shape) in stated.items():
            if name not in tensors or not _fits((datatype, shape), tensors[name]):
                raise EngineUnavailable(
                    f"Triton at {connection.url} serves another {contract.name} version"
                    f" {contract.version}: {name} {datatype} {list(shape)} is stated, it has"
                    f" {tensors.get(name, 'none')}"
                )


def _fits(stated: tuple[str, Sequence[int]], found: tuple[str, Sequence[int]]) -> bool:
    """Equal but for lengths that either side leaves open."""
    sizes = zip(stated[1], found[1], strict=False)
    return (
        stated[0] == found[0]
        and len(stated[1]) == len(found[1])
        and all(ours == theirs or -1 in (ours, theirs) for ours, theirs in sizes)
    )


def _network(contract: ModelContract) -> tuple[Tensors, Tensors]:
    classes, names = len(contract.labels.classes), contract.tensors
    return (
        {names.pixels: ("FP32", (-1, 3, -1, -1))},
        {names.logits: ("FP32", (-1, classes, -1, -1))},
    )


def _parser(contract: ParserContract) -> tuple[Tensors, Tensors]:
    (height, width), stride, names = contract.canvas, contract.stride, contract.tensors
    scores = (-1, len(contract.labels.classes), height // stride, width // stride)
    return {names.canvas: ("UINT8", (-1, height, width, 3))}, {names.scores: ("FP16", scores)}
