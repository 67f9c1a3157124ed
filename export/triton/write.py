"""Write what Triton needs beside the models: config.pbtxt, labels.txt, and the Python shim."""

import os
import shutil
from pathlib import Path

from export.errors import RepositoryError
from export.files import write_whole
from export.triton.config import (
    CONFIG_FILE,
    ENGINE_FILE,
    LABELS_FILE,
    SHIM_FILE,
    Target,
    model_config,
    render,
)
from export.triton.interface import Interface, interface
from export.triton.layout import Model, model_folders, read_model

_SHIM = Path(__file__).with_name("shim.py")


def build(root: Path, target: Target) -> list[Model]:
    """Write the files of all models in place; nothing is written unless all of them can be.

    Raises:
        RepositoryError: there is no model, or one lacks what the platform loads.
        ContractError: a model is not whole.
    """
    models = [read_model(folder) for folder in model_folders(root)]
    files: dict[Path, str] = {}
    for model in models:
        files |= model_files(model, target)
    write_all(files)
    if target.platform != "python":
        for model in models:
            for version in model.versions:
                (model.folder / str(version) / SHIM_FILE).unlink(missing_ok=True)
    return models


def build_copy(root: Path, out: Path, target: Target) -> list[Model]:
    """Build a whole repository of its own in `out`, in place of the one built there before.

    Model files become hard links where the file system has them.

    Raises:
        RepositoryError: as `build`, or `out` holds something else.
        ContractError: a model is not whole.
    """
    out = out.resolve()
    _require_ours(out)
    if out == root.resolve():
        raise RepositoryError(f"{out} is the repository itself: leave `--out` away")
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for folder in model_folders(root):
        shutil.copytree(
            folder,
            partial / folder.name,
            copy_function=_link,
            ignore=shutil.ignore_patterns(".*", CONFIG_FILE, LABELS_FILE, SHIM_FILE),
        )
    try:
        build(partial, target)
    except BaseException:
        shutil.rmtree(partial)
        raise
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)
    return [read_model(folder) for folder in model_folders(out)]


def model_files(model: Model, target: Target) -> dict[Path, str]:
    """Texts by path of what belongs to one model; RepositoryError where its engine is missing."""
    seen = interface(model.contract)
    folders = [model.folder / str(version) for version in model.versions]
    engine = model.folder / str(model.served) / ENGINE_FILE
    if target.platform == "tensorrt" and not engine.is_file():
        raise RepositoryError(f"there is no {engine}: `limn export tensorrt` makes it")
    config = model_config(model.name, model.served, seen, target)
    files = {
        model.folder / CONFIG_FILE: render(config),
        model.folder / LABELS_FILE: labels_text(seen),
    }
    if target.platform == "python":
        files |= {folder / SHIM_FILE: shim_text() for folder in folders}
    return files


def labels_text(seen: Interface) -> str:
    """Text of `labels.txt`: the class of each index on a line of its own."""
    return "".join(f"{name}\n" for name in seen.classes)


def shim_text() -> str:
    """Text of `model.py` for the platform `python`."""
    return _SHIM.read_text()


def write_all(files: dict[Path, str]) -> None:
    """Write texts, each in one step: a server that reads meanwhile sees the old or the new."""
    for path, text in files.items():
        write_whole(path, text.encode())


def _require_ours(out: Path) -> None:
    """RepositoryError unless what a build would replace is one."""
    if not out.exists():
        return
    if not out.is_dir():
        raise RepositoryError(f"{out} is a file")
    strange = [each.name for each in out.iterdir() if not (each / CONFIG_FILE).is_file()]
    if strange:
        raise RepositoryError(
            f"{out} holds {strange[0]}, which is no built model: name a folder of its own"
        )


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
