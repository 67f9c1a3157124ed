"""The models on disk: which there are, which version is meant, and whether they are whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from limn.contract import (
    PARSER_SUFFIX,
    ModelContract,
    ParserContract,
    read_contract,
    read_parser_contract,
)
from limn.errors import ContractError
from limn.labels import LabelSet
from limn.ops import kernels
from limn.promotion import served_version
from service.errors import UnknownModel

PREFERRED_MODEL = "mman"


class ModelId(NamedTuple):
    """One version of one model."""

    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name} version {self.version}"


class CpuGraph(NamedTuple):
    """An ONNX file, and the library of operators that it needs of Limn's own, if any."""

    file: Path
    library: Path | None = None


@dataclass(frozen=True)
class ServedModel:
    """A model with its contract checked.

    Attributes:
        folder: of this version.
        parser: of the graph that a Triton serves beside it as `<name>_parse`; None without one.
    """

    id: ModelId
    contract: ModelContract
    label_set: LabelSet
    folder: Path
    parser: ParserContract | None = None

    @property
    def cpu_graph(self) -> CpuGraph:
        """What this CPU runs."""
        library = kernels.library() if self.contract.kernels is not None else None
        if self.contract.kernels is None or library is None:
            return CpuGraph(self.folder / self.contract.cpu_file)
        return CpuGraph(self.folder / self.contract.kernels.file, library)

    @property
    def gpu_graph(self) -> Path:
        """The ONNX file that a GPU runs."""
        return self.folder / self.contract.gpu_file


class ModelRepository:
    """All networks in a folder `<name>/<version>/`; read once, when the service starts.

    Parsers (`<name>_parse`) are for Triton: here the gateway does their work around the network.

    Raises:
        ContractError: there is no model, or one of them is not whole.
        PromotionError: the version promoted of a model is not there.
    """

    def __init__(self, root: Path, default_model: str | None) -> None:
        models = [_read(folder) for folder in _version_folders(root)]
        if not models:
            raise ContractError(
                f"{root} holds no model: expected <name>/<version>/ folders as `limn export onnx`"
                " writes them; LIMN_MODEL_REPOSITORY names another place"
            )
        self._models = {model.id: model for model in models}
        self._versions: dict[str, list[int]] = {}
        for name, version in sorted(self._models):
            self._versions.setdefault(name, []).append(version)
        self._served = {
            name: served_version(root / name, versions) for name, versions in self._versions.items()
        }
        self.default_model = default_model or self._preferred()
        if self.default_model not in self._versions:
            raise ContractError(
                f"the default model {self.default_model!r} is not among those served:"
                f" {', '.join(self._versions)}"
            )

    def _preferred(self) -> str:
        names = list(self._versions)
        return PREFERRED_MODEL if PREFERRED_MODEL in names else names[0]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._versions)

    def versions(self, name: str) -> tuple[int, ...]:
        """Versions of a model, ascending; UnknownModel where there is none of that name."""
        try:
            return tuple(self._versions[name])
        except KeyError:
            raise UnknownModel(
                f"no model {name!r} is served; there are: {', '.join(self._versions)}"
            ) from None

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._models.values())

    def find(self, name: str | None = None, version: int | None = None) -> ServedModel:
        """The model of that name, or the default one; the version promoted unless one is named.

        Raises:
            UnknownModel: no such model or version is served.
        """
        name = name or self.default_model
        versions = self.versions(name)
        if version is None:
            version = self._served[name]
        if version not in versions:
            known = ", ".join(map(str, versions))
            raise UnknownModel(f"model {name!r} has no version {version}; there are: {known}")
        return self._models[ModelId(name, version)]


def _version_folders(root: Path) -> list[Path]:
    return sorted(
        folder
        for folder in root.glob("*/*")
        if folder.is_dir()
        and folder.name.isdecimal()
        and not folder.parent.name.startswith(".")
        and not folder.parent.name.endswith(PARSER_SUFFIX)
    )


def _read(folder: Path) -> ServedModel:
    contract = read_contract(folder)
    named = ModelId(folder.parent.name, int(folder.name))
    stated = ModelId(contract.name, contract.version)
    if stated != named:
        raise ContractError(
            f"{folder} holds the contract of {stated}: folders and contract must agree"
        )
    return ServedModel(
        named,
        contract,
        contract.labels.label_set(),
        folder,
        _parser(folder, contract),
    )


def _parser(folder: Path, network: ModelContract) -> ParserContract | None:
    """Contract of the parser around a network, ContractError where it is another network's."""
    beside = folder.parent.with_name(network.name + PARSER_SUFFIX) / folder.name
    if not beside.is_dir():
        return None
    parser = read_parser_contract(beside)
    if parser.network_sha256 != network.sha256:
        raise ContractError(f"{beside} holds another network than {folder}: export both together")
    return parser
