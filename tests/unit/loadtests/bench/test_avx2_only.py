"""A process that is to believe that its CPU has AVX2 alone does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from limn.ops import kernels
from loadtests.bench.avx2_only import avx2_only
from loadtests.server import CannotMeasure
from tests.fixtures.cpu import Instructions, needs_kernels

LEVEL = """
import ctypes
from limn.ops import kernels
print(ctypes.CDLL(str(kernels.library())).limn_kernels_supported())
"""


@needs_kernels
def test_kernels_are_those_of_avx2(tmp_path: Path) -> None:
    try:
        hiding = avx2_only(tmp_path)
    except CannotMeasure as exc:
        pytest.skip(str(exc))
    assert kernels.library() is not None

    found = subprocess.run(
        [sys.executable, "-c", LEVEL],
        env=os.environ | {"LD_PRELOAD": str(hiding)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert int(found.stdout) == 1 << Instructions.AVX2


def test_machine_that_cannot_hide_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)

    with pytest.raises(CannotMeasure, match=r"only Linux on an Intel CPU|no C compiler"):
        avx2_only(tmp_path)
