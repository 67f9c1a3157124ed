"""The table of what a repository holds."""

from pathlib import Path

from export.triton.layout import (
    model_folders,
    read_version,
    served_version,
    versions_of,
)
from limn.contract import ModelContract

COLUMNS = (
    "name",
    "version",
    "served",
    "architecture",
    "precision",
    "canvas",
    "mIoU %",
    "MB",
)


def rows(root: Path) -> list[tuple[str, ...]]:
    """A cell per column, models by name and their versions ascending.

    Raises:
        RepositoryError: there is no model, or a parser lacks the version of its network.
        ContractError: a version is not whole.
        PromotionError: the version promoted is not there.
    """
    return [
        _row(folder, version, served_version(folder))
        for folder in model_folders(root)
        for version in versions_of(folder)
    ]


def _row(folder: Path, version: int, served: int) -> tuple[str, ...]:
    contract = read_version(folder / str(version))
    size = (folder / str(version) / contract.file).stat().st_size
    architecture, accuracy = "parser", ""
    if isinstance(contract, ModelContract):
        architecture = contract.architecture
        if contract.measured:
            accuracy = f"{contract.measured[0].mean_iou:.1f}"
    return (
        contract.name,
        str(version),
        "served" if version == served else "",
        architecture,
        contract.precision,
        "x".join(map(str, contract.canvas)),
        accuracy,
        f"{size / 1e6:.1f}",
    )
