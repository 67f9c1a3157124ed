"""`choose.c` as others compile it: by a compiler from PyPI, and with checks of every access."""

import ctypes
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from limn.geometry import Letterbox
from limn.ops import choose

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE", "limn")

# Every test of choosing, by a library that stops at the first access out of bounds.
UNDER_SANITIZERS = """
import ctypes, sys, pytest
ordinary = ctypes.CDLL
ctypes.CDLL = lambda path, *args, **options: ordinary(
    sys.argv[1] if "_choose" in str(path) else path, *args, **options)
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", sys.argv[2]]))
"""


def test_a_machine_without_a_compiler_builds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    for built in source.rglob("*.so"):
        built.unlink()
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, source],
        check=True,
        env={**os.environ, "PATH": "/nowhere", "CC": ""},
    )
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "wheel")
    (library,) = (tmp_path / "wheel").rglob("_choose*.so")
    rng = np.random.default_rng(0)
    scores = rng.random((20, 48, 32), dtype=np.float32)
    size = 391, 173
    region = Letterbox.fit(size, (96, 64)).region((48, 32))
    ours = choose.upsample_and_choose_with_confidence(scores, size, region)
    theirs = ctypes.CDLL(str(library))
    theirs.limn_choose.argtypes = choose._LIBRARY.limn_choose.argtypes
    monkeypatch.setattr(choose, "_LIBRARY", theirs)

    again = choose.upsample_and_choose_with_confidence(scores, size, region)

    assert len(np.unique(ours[0])) > 5
    assert all(np.array_equal(*pair) for pair in zip(ours, again, strict=True))


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc and its sanitizers")
def test_nothing_out_of_bounds_is_touched(tmp_path: Path) -> None:
    library = tmp_path / "choose.so"
    checks = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off")
    source = ROOT / "limn/ops/choose.c"
    subprocess.run(
        ["gcc", "-std=c11", "-O1", *checks, "-shared", "-fPIC", source, "-lm", "-o", library],
        check=True,
    )
    runtime = [
        subprocess.run(
            ["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]

    done = subprocess.run(
        [sys.executable, "-c", UNDER_SANITIZERS, library, "tests/unit/limn/test_ops_choose.py"],
        cwd=ROOT,
        # CPython itself leaks what it keeps to the end.
        env={**os.environ, "LD_PRELOAD": ":".join(runtime), "ASAN_OPTIONS": "detect_leaks=0"},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout + done.stderr
