"""The models of a repository on disk: their folders, versions, and which of these is served."""

from dataclasses import dataclass
from pathlib import Path

from export.errors import RepositoryError
from limn.contract import (
    PARSER_SUFFIX,
    ModelContract,
    ParserContract,
    read_contract,
    read_parser_contract,
)
from limn.errors import ContractError
from limn.promotion import served_version as promoted_version

Contract = ModelContract | ParserContract


@dataclass(frozen=True)
class Model:
    """One folder of the repository, a network or a parser; `contract` is of the version served."""

    folder: Path
    versions: tuple[int, ...]
    served: int
    contract: Contract

    @property
    def name(self) -> str:
        return self.folder.name


def model_folders(root: Path) -> list[Path]:
    """Folders with at least one version, by name; RepositoryError where there is none."""
    folders = [] if not root.is_dir() else sorted(root.iterdir())
    found = [folder for folder in folders if folder.is_dir() and versions_of(folder)]
    if not found:
        raise RepositoryError(f"{root} holds no model: expected <name>/<version>/ folders")
    return found


def versions_of(folder: Path) -> tuple[int, ...]:
    """Version numbers in a model's folder, ascending; none where there is no such folder."""
    if folder.name.startswith(".") or not folder.is_dir():
        return ()
    names = (each.name for each in folder.iterdir() if each.is_dir())
    # Triton ignores folders whose names start with a zero.
    return tuple(sorted(int(name) for name in names if name.isdecimal() and name[0] != "0"))


def is_parser(folder: Path) -> bool:
    return folder.name.endswith(PARSER_SUFFIX)


def network_of(folder: Path) -> Path:
    """Folder of the network inside a parser; a network's own."""
    return folder.with_name(folder.name.removesuffix(PARSER_SUFFIX))


def parser_of(folder: Path) -> Path:
    """Folder of the parser around a network, whether it is there or not."""
    return folder.with_name(folder.name + PARSER_SUFFIX)


def served_version(folder: Path) -> int:
    """The version served of a network, which is also that of its parser.

    Raises:
        RepositoryError: a parser without its network, or without the version served of it.
        PromotionError: the version promoted is not there.
    """
    network = network_of(folder)
    versions = versions_of(network)
    if not versions:
        raise RepositoryError(f"{folder} is a parser, and there is no network {network.name}")
    served = promoted_version(network, versions)
    require_parser(folder, served)
    return served


def require_parser(folder: Path, version: int) -> None:
    """RepositoryError where a parser lacks a version that its network is to be served in."""
    if is_parser(folder) and version not in versions_of(folder):
        raise RepositoryError(
            f"{folder} has no version {version}, the one served of {network_of(folder).name}:"
            " export it, or promote another"
        )


def read_version(folder: Path) -> Contract:
    """The contract in a version folder of either kind; ContractError where it is not its own."""
    read = read_parser_contract if is_parser(folder.parent) else read_contract
    contract: Contract = read(folder)
    stated, found = f"{contract.name}/{contract.version}", f"{folder.parent.name}/{folder.name}"
    if stated != found:
        raise ContractError(f"{folder} holds the contract of {stated}")
    return contract


def read_model(folder: Path) -> Model:
    """A model and the contract of its served version, checked."""
    served = served_version(folder)
    return Model(folder, versions_of(folder), served, read_version(folder / str(served)))
