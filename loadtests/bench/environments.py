"""A virtual environment per peer, made from its pinned requirements, and how large it is."""

import hashlib
import subprocess
import sys
from pathlib import Path

from loadtests.server import CannotMeasure

STAMP = ".installed"


def environment(folder: Path, requirements: Path, project: Path | None = None) -> Path:
    """The interpreter of an environment that holds exactly what a file pins.

    Made anew where the file has changed; without pip, so that its size is that of what it serves
    with.

    Args:
        project: also installed, in place, where given.

    Raises:
        CannotMeasure: something cannot be installed.
    """
    python = folder / "bin/python"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text() == digest:
        return python
    print(f"installing {folder.name}", file=sys.stderr, flush=True)
    _run("-m", "venv", "--clear", "--without-pip", folder)
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--python", python, "install")
    _run(*pip, "--requirement", requirements)
    if project is not None:
        _run(*pip, "--no-deps", "--editable", project)
    stamp.write_text(digest)
    return python


def size_mib(folder: Path) -> float:
    """What a folder's files take on the disk."""
    return sum(file.lstat().st_blocks * 512 for file in folder.rglob("*")) / 2**20


def _run(*arguments: str | Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own command lines
        [sys.executable, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotMeasure(f"`{' '.join(map(str, arguments))}` failed:\n{done.stderr[-2_000:]}")
