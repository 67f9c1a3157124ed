"""Whether the Triton of the PyPI wheel runs here: `python -m export.triton.host` says why not."""

import ctypes.util
import platform
import sys
import sysconfig
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 12)
"""Ours, and the last Python that numpy before 2 has a wheel for."""

_GLIBC = (2, 35)


def refusal() -> str | None:
    """Why the server cannot run with this interpreter on this machine; None where it can."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        return f"its wheel is for Linux on x86_64, this is {system} on {machine}"
    library, found = platform.libc_ver()
    if library != "glibc" or tuple(map(int, found.split(".")[:2])) < _GLIBC:
        return f"its wheel needs glibc 2.35, this is {library or 'another C library'} {found}"
    version = sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        return f"its Python backend needs Python 3.11 or 3.12, this is {version[0]}.{version[1]}"
    if not _has_shared_library():
        return f"its Python backend needs a Python with a shared library, {sys.executable} has none"
    return None


def _has_shared_library() -> bool:
    """The backend embeds the interpreter, so it must find libpython."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    beside = Path(sysconfig.get_config_var("LIBDIR")) / f"lib{name}.so.1.0"
    return beside.exists() or ctypes.util.find_library(name) is not None


if __name__ == "__main__":
    reason = refusal()
    if reason:
        sys.exit(f"no local Triton: {reason}")
