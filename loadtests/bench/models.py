"""The graph that all serve, and what its contract says of it."""

import json
import shutil
from pathlib import Path
from typing import Any

from loadtests.server import CannotMeasure

NETWORK = "mman"
CONTRACT = "contract.json"


def served_model(repository: Path) -> Path:
    """The graph of the version that is promoted, the highest where none is.

    Raises:
        CannotMeasure: there is none.
    """
    folder = repository / NETWORK
    versions = [int(entry.name) for entry in folder.glob("*") if entry.name.isdigit()]
    if not versions:
        raise CannotMeasure(f"{folder} has no version; name a graph with --model-file")
    promotion = folder / "promotion.json"
    served = json.loads(promotion.read_bytes())["served"] if promotion.exists() else max(versions)
    return model_of(folder / str(served))


def model_of(folder: Path) -> Path:
    """The graph that the contract in a folder names."""
    return folder / str(contract(folder / CONTRACT)["file"])


def contract(path: Path) -> dict[str, Any]:
    """A contract.json, beside a graph or itself; CannotMeasure where there is none."""
    path = path.with_name(CONTRACT)
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CannotMeasure(
            f"there is no {path}; every graph needs its contract beside it"
        ) from None
    return document


def input_shapes(model: Path) -> list[tuple[int, int, int, int]]:
    """Shapes [1, 3, h, w] of the calls that one photo takes."""
    return [(1, 3, int(height), int(width)) for height, width in contract(model)["scales"].values()]


def copy_model(model: Path, repository: Path) -> Path:
    """A model repository with this graph alone; its graph."""
    stated = contract(model)
    folder = version_folder(repository, stated)
    shutil.copyfile(model, folder / stated["file"])
    shutil.copyfile(model.with_name(CONTRACT), folder / CONTRACT)
    return folder / str(stated["file"])


def version_folder(repository: Path, stated: dict[str, Any]) -> Path:
    """An empty folder for the contract's version, in a repository made anew."""
    shutil.rmtree(repository, ignore_errors=True)
    folder = repository / str(stated["name"]) / str(stated["version"])
    folder.mkdir(parents=True)
    return folder
