"""The graph that all serve, and what its contract says of it."""

import ctypes
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from loadtests.server import CannotMeasure

NETWORK = "mman"
CONTRACT = "contract.json"
LIBRARIES = Path(__file__).resolve().parents[2] / "limn/ops"


def served_model(repository: Path) -> Path:
    """The graph that a CPU runs, of the version that is promoted, the highest where none is.

    Raises:
        CannotMeasure: there is none.
    """
    folder = repository / NETWORK
    versions = [int(entry.name) for entry in folder.glob("*") if entry.name.isdigit()]
    if not versions:
        raise CannotMeasure(f"{folder} has no version; name a graph with --model-file")
    promotion = folder / "promotion.json"
    served = json.loads(promotion.read_bytes())["served"] if promotion.exists() else max(versions)
    version = folder / str(served)
    stated = contract(version / CONTRACT)
    # Where there is a graph in INT8, it is the one for CPUs.
    return version / str((stated.get("int8") or stated)["file"])


class KernelModel(NamedTuple):
    """The same network in operators of Limn's own, and the library that has them."""

    model: Path
    library: Path


def kernel_model(model: Path) -> KernelModel | None:
    """What Limn runs on this CPU instead of a graph in INT8, if it has that."""
    stated = contract(model)
    libraries = [*LIBRARIES.glob("_kernels*")]
    if (stated.get("int8") or {}).get("file") != model.name or not stated.get("kernels"):
        return None
    if not libraries or not ctypes.CDLL(str(libraries[0])).limn_kernels_supported():
        return None
    return KernelModel(model.with_name(stated["kernels"]["file"]), libraries[0])


def contract(model: Path) -> dict[str, Any]:
    """The contract.json beside a graph; CannotMeasure where there is none."""
    path = model.with_name(CONTRACT)
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


def is_quantised(model: Path) -> bool:
    """Whether a graph computes in INT8: by the name of the operation, which its file spells out."""
    return b"QuantizeLinear" in model.read_bytes()


def copy_model(model: Path, repository: Path) -> Path:
    """A model repository with this graph alone, on every device; its graph."""
    return write_model(model.read_bytes(), contract(model), repository)


def write_model(content: bytes, stated: dict[str, Any], repository: Path) -> Path:
    """A repository made anew with one graph that has everything but its bytes from a contract."""
    shutil.rmtree(repository, ignore_errors=True)
    folder = repository / str(stated["name"]) / str(stated["version"])
    folder.mkdir(parents=True)
    model = folder / "model.onnx"
    model.write_bytes(content)
    facts = stated | {"file": model.name, "sha256": hashlib.sha256(content).hexdigest()}
    for other in ("int8", "half", "kernels"):
        facts.pop(other, None)
    model.with_name(CONTRACT).write_text(json.dumps(facts, indent=2) + "\n")
    return model
