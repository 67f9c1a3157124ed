"""Put versions into the repository, and choose the one that is served."""

import shutil
from pathlib import Path

from export.errors import RepositoryError
from export.triton.config import CONFIG_FILE, Target, parse, target_of
from export.triton.layout import (
    Contract,
    Model,
    is_parser,
    network_of,
    parser_of,
    read_version,
    require_parser,
    versions_of,
)
from export.triton.write import model_files, write_all
from limn.contract import ParserContract, read_contract
from limn.promotion import PROMOTION_FILE, Promotion, read_promotion


def promote(root: Path, name: str, version: int, instances: int) -> Promotion:
    """Serve a version of a network, and of its parser, where none is named.

    Args:
        root: the repository.
        name: of a network.
        version: that is there.
        instances: per model where Triton's Python backend serves them.

    Raises:
        RepositoryError: no such model or version, or the parser lacks it; nothing is changed.
        ContractError: the version is not whole.
    """
    folder, versions = _network(root, name)
    if version not in versions:
        known = ", ".join(map(str, versions))
        raise RepositoryError(f"{folder} has no version {version}; there are: {known}")
    promotion = read_promotion(folder, versions).promoted(version)
    _serve(folder, promotion, instances)
    return promotion


def roll_back(root: Path, name: str, instances: int) -> Promotion:
    """Serve the version again that was served before the last promotion.

    Raises:
        PromotionError: there was none.
        RepositoryError: it is no longer there; nothing is changed.
        ContractError: it is not whole.
    """
    folder, versions = _network(root, name)
    promotion = read_promotion(folder, versions).rolled_back()
    if promotion.served not in versions:
        raise RepositoryError(f"{folder} no longer has version {promotion.served} to roll back to")
    _serve(folder, promotion, instances)
    return promotion


def add(root: Path, source: Path) -> Path:
    """Copy a version folder into the repository; what is served stays as it is.

    Args:
        root: the repository.
        source: `<name>/<version>` somewhere else, as `limn export onnx` writes it.

    Returns:
        The new version folder.

    Raises:
        ContractError: it is not whole.
        RepositoryError: its number is not the next one, or, of a parser, not that of its network.
    """
    contract = read_version(source.resolve())
    folder = root / contract.name
    _require_next(folder, contract)
    target = folder / str(contract.version)
    partial = folder / f".{contract.version}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    versions = versions_of(folder)
    if versions and not is_parser(folder):
        # Without a promotion the highest is served, and that is now another one.
        write_all({folder / PROMOTION_FILE: _text(read_promotion(folder, versions))})
    partial.rename(target)
    return target


def _network(root: Path, name: str) -> tuple[Path, tuple[int, ...]]:
    folder = root / name
    if is_parser(folder):
        raise RepositoryError(f"{name} follows its network: name {network_of(folder).name}")
    versions = versions_of(folder)
    if not versions:
        raise RepositoryError(f"{root} holds no model {name!r}")
    return folder, versions


def _serve(folder: Path, promotion: Promotion, instances: int) -> None:
    """Write the promotion and what follows it, once it is clear that all of it can be written."""
    files: dict[Path, str] = {folder / PROMOTION_FILE: _text(promotion)}
    for each in (folder, parser_of(folder)):
        versions = versions_of(each)
        if not versions:
            continue
        require_parser(each, promotion.served)
        contract = read_version(each / str(promotion.served))
        target = _target(each, instances)
        if target is not None:
            files |= model_files(Model(each, versions, promotion.served, contract), target)
    write_all(files)


def _text(promotion: Promotion) -> str:
    return promotion.model_dump_json(indent=2) + "\n"


def _target(folder: Path, instances: int) -> Target | None:
    """What the repository was built for; None where it has not been built."""
    config = folder / CONFIG_FILE
    return target_of(parse(config.read_text()), instances) if config.exists() else None


def _require_next(folder: Path, contract: Contract) -> None:
    """RepositoryError unless a contract's version may be added to a model's folder."""
    version, versions = contract.version, versions_of(folder)
    if isinstance(contract, ParserContract):
        if version in versions:
            raise RepositoryError(f"{folder} has version {version}: a version never changes")
        inside = network_of(folder) / str(version)
        if not inside.is_dir():
            raise RepositoryError(f"add the network first: there is no {inside}")
        if read_contract(inside).sha256 != contract.network_sha256:
            raise RepositoryError(f"the parser was made of another network than {inside}")
        return
    following = max(versions, default=0) + 1
    if version != following:
        raise RepositoryError(
            f"its contract states version {version}, the next one of {folder} is {following}"
        )
