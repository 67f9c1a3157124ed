"""What is wrong with a repository: config.pbtxt against its schema and against the contracts."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig

from export.triton.config import (
    CONFIG_FILE,
    LABELS_FILE,
    PLATFORMS,
    SHIM_FILE,
    WARM_BATCHES,
    model_file,
    parse,
)
from export.triton.interface import Interface, Tensor, interface
from export.triton.layout import (
    Contract,
    model_folders,
    network_of,
    read_version,
    served_version,
    versions_of,
)
from export.triton.write import labels_text, shim_text
from limn.contract import CONTRACT_FILE, ModelContract, ParserContract
from limn.errors import LimnError
from limn.promotion import PROMOTION_FILE


class Fault(NamedTuple):
    """One thing that is wrong, in one file."""

    file: Path
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"


class _Stated(Protocol):
    """An input or output of a configuration."""

    name: str
    data_type: int
    dims: Iterable[int]


def check_repository(root: Path) -> list[Fault]:
    """All faults of all models; RepositoryError where there is no model at all."""
    return [fault for folder in model_folders(root) for fault in _of_model(folder)]


def _of_model(folder: Path) -> Iterator[Fault]:
    contracts: dict[int, Contract] = {}
    for version in versions_of(folder):
        path = folder / str(version)
        try:
            contracts[version] = read_version(path)
        except LimnError as error:
            yield Fault(path / CONTRACT_FILE, str(error))
    for version, contract in contracts.items():
        if isinstance(contract, ParserContract):
            yield from _of_parser(folder / str(version), contract)
    try:
        served = served_version(folder)
    except LimnError as error:
        yield Fault(network_of(folder) / PROMOTION_FILE, str(error))
        return
    if served in contracts:
        yield from _of_files(folder, served, interface(contracts[served]))


def _of_parser(folder: Path, parser: ParserContract) -> Iterator[Fault]:
    """Whether a parser was made of the network that has its version."""
    file = folder / CONTRACT_FILE
    inside = network_of(folder.parent) / folder.name
    try:
        network = read_version(inside)
    except LimnError as error:
        yield Fault(file, f"its network is not whole: {error}")
        return
    assert isinstance(network, ModelContract), "a name ends once"
    if parser.network_sha256 != network.sha256:
        yield Fault(file, f"network_sha256 is not the sha256 of {inside / network.file}")
    for name in ("labels", "canvas", "stride"):
        if getattr(parser, name) != getattr(network, name):
            yield Fault(file, f"{name} is not that of {inside}")


def _of_files(folder: Path, served: int, seen: Interface) -> Iterator[Fault]:
    labels, file = folder / LABELS_FILE, folder / CONFIG_FILE
    if not labels.is_file():
        yield Fault(labels, "is missing")
    elif labels.read_text() != labels_text(seen):
        yield Fault(labels, "is not the list of the contract's classes")
    if not file.is_file():
        yield Fault(file, "is missing: `limn repository build` writes it")
        return
    try:
        config = parse(file.read_text())
    except LimnError as error:
        yield Fault(file, str(error))
        return
    for text in _of_config(config, folder.name, served, seen):
        yield Fault(file, text)
    if config.backend in PLATFORMS:
        yield from _of_model_files(folder, served, config, seen)


def _of_model_files(
    folder: Path, served: int, config: ModelConfig, seen: Interface
) -> Iterator[Fault]:
    expected = model_file(seen, config.backend)
    if config.default_model_filename != expected:
        found = config.default_model_filename
        yield Fault(folder / CONFIG_FILE, f"default_model_filename: {found!r}, not {expected!r}")
    path = folder / str(served) / expected
    if not path.is_file():
        yield Fault(path, "is missing")
    elif expected == SHIM_FILE and path.read_text() != shim_text():
        yield Fault(path, "is of another Limn: `limn repository build` writes it anew")


def _of_config(config: ModelConfig, name: str, served: int, seen: Interface) -> Iterator[str]:
    """What a configuration states otherwise than the contract, or not at all."""
    if config.name != name:
        yield f"name: {config.name!r}, the folder is {name!r}"
    if config.backend not in PLATFORMS:
        yield f"backend: {config.backend!r} is none of {', '.join(PLATFORMS)}"
    if config.max_batch_size < 1:
        yield "max_batch_size: below 1, so that nothing is batched"
    loaded = list(config.version_policy.specific.versions)
    if loaded != [served]:
        yield f"version_policy: serves {loaded}, version {served} is promoted"
    yield from _of_tensors("input", config.input, (seen.input,))
    yield from _of_tensors("output", config.output, seen.outputs)
    if not config.HasField("dynamic_batching"):
        yield "dynamic_batching: is missing"
    if any(size > config.max_batch_size for size in config.dynamic_batching.preferred_batch_size):
        yield "dynamic_batching: prefers a batch above max_batch_size"
    yield from _of_warm_up(config, seen)


def _of_tensors(
    field: str, found: Iterable[_Stated], expected: tuple[Tensor, ...]
) -> Iterator[str]:
    stated = {each.name: each for each in found}
    wanted = {each.name: each for each in expected}
    for name in stated.keys() - wanted.keys():
        yield f"{field}: {name!r} is not in the contract"
    for name, tensor in wanted.items():
        if name not in stated:
            yield f"{field}: {name!r} of the contract is missing"
            continue
        data_type, dims = DataType.Name(stated[name].data_type), tuple(stated[name].dims)
        if data_type != tensor.data_type:
            yield f"{field} {name!r}: {data_type}, the contract has {tensor.data_type}"
        if dims != tensor.dims:
            yield f"{field} {name!r}: dims {dims}, the contract has {tensor.dims}"


def _of_warm_up(config: ModelConfig, seen: Interface) -> Iterator[str]:
    warmed = {
        (tuple(values.dims), warmup.batch_size)
        for warmup in config.model_warmup
        for name, values in warmup.inputs.items()
        if name == seen.input.name
    }
    for shape in seen.shapes:
        for batch in WARM_BATCHES:
            if (shape, batch) not in warmed:
                yield f"model_warmup: no {'x'.join(map(str, shape))} in a batch of {batch}"
