"""What pyproject.toml cannot say: compile what is C, by a compiler from PyPI if there is no other.

The libraries are plain C behind ctypes and ONNX Runtime: they need no header of Python's and fit
every version of it.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ZIG = "ziglang"
"""A wheel with a whole C compiler, for machines that have none."""

WINDOWS = os.name == "nt"

FLAGS = ("-std=c11", "-O3", "-s", "-Wall", "-Wextra", "-shared", *(() if WINDOWS else ("-fPIC",)))
KERNELS = Path("limn/ops/kernels")
ROUND_ALIKE = ("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")
"""The same bits by every compiler; loops over floats may still be done several at a time."""


def own_compiler() -> list[str]:
    """The machine's C compiler as the start of a command; empty if it has none.

    Those of Windows take other options, and are used where `CC` names them.
    """
    named = shlex.split(os.environ.get("CC", ""))
    usual = () if WINDOWS else (["cc"], ["gcc"], ["clang"])
    for command in (named, *usual):
        if command and shutil.which(command[0]):
            return command
    return []


class CompileLibrary(build_ext):
    def build_extension(self, ext: Extension) -> None:
        compiler = own_compiler() or [sys.executable, "-m", ZIG, "cc"]
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        command = [*compiler, *FLAGS, *ROUND_ALIKE, *ext.extra_compile_args, *ext.sources]
        command += ["-lm", "-o", str(target)]
        subprocess.run(command, check=True)  # noqa: S603 - our own command line


setup(
    ext_modules=[
        Extension("limn.ops._choose", ["limn/ops/choose.c"]),
        Extension(
            "limn.ops._kernels",
            sorted(map(str, KERNELS.rglob("*.c"))),
            depends=sorted(map(str, KERNELS.rglob("*.h"))),
            extra_compile_args=["-fvisibility=hidden"],
        ),
    ],
    cmdclass={"build_ext": CompileLibrary},
    setup_requires=[] if own_compiler() else [ZIG],
)
