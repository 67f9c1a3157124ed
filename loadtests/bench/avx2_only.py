"""A CPU that seems to have AVX2 alone, for servers on one that has more."""

import shutil
import subprocess
from pathlib import Path

from loadtests.server import CannotMeasure

SOURCE = Path(__file__).with_name("avx2_only.c")


def avx2_only(folder: Path) -> Path:
    """The library that makes a process believe it, compiled into a folder.

    Processes that have it in `LD_PRELOAD` believe it.

    Raises:
        CannotMeasure: this CPU does not fault on CPUID, or there is no C compiler.
    """
    flags = Path("/proc/cpuinfo")
    if not flags.exists() or "cpuid_fault" not in flags.read_text():
        raise CannotMeasure("only Linux on an Intel CPU can hide what the CPU has")
    compiler = shutil.which("cc")
    if compiler is None:
        raise CannotMeasure("no C compiler: `cc` is not there")
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "avx2_only.so"
    command = [compiler, "-std=gnu11", "-O2", "-shared", "-fPIC", str(SOURCE), "-o", str(library)]
    subprocess.run(command, check=True)  # noqa: S603 - our own command line
    return library
