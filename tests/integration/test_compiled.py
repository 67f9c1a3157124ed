"""What is C, as others compile it: by a compiler from PyPI, and with checks of every access."""

import ctypes
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from export.accuracy import open_session
from limn.geometry import Letterbox
from limn.ops import choose, kernels
from tests.fixtures.cpu import needs_kernels

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE", "limn")

# The tests of a library, by one that stops at the first access out of bounds.
UNDER_SANITIZERS = """
import importlib.util, sys, pytest
name, library, tests = sys.argv[1:]
ordinary = importlib.util.find_spec
def find_spec(wanted, *arguments):
    spec = ordinary(wanted, *arguments)
    if wanted == name:
        spec.origin = library
    return spec
importlib.util.find_spec = find_spec
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", tests]))
"""

LIBRARIES = [
    pytest.param(
        "limn.ops._choose", "limn/ops/choose.c", "tests/unit/limn/test_ops_choose.py", id="choose"
    ),
    pytest.param(
        "limn.ops._kernels",
        "limn/ops/kernels/**/*.c",
        "tests/unit/export/test_kernel_graph.py",
        id="kernels",
        marks=needs_kernels,
    ),
]


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
    (others,) = (tmp_path / "wheel").rglob("_kernels*.so")
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
    ours_supported = kernels.library() is not None
    assert bool(ctypes.CDLL(str(others)).limn_kernels_supported()) == ours_supported
    if ours_supported:
        answers = [logits(each) for each in (kernels.library(), others)]
        assert np.ptp(answers[0]) > 10
        assert np.array_equal(answers[0], answers[1])


def logits(library: Path | None) -> NDArray[np.float32]:
    """Those of the shipped network, by a library of kernels."""
    graph = ROOT / "model_repository/mman/1/model.kernels.onnx"
    pixels = np.random.default_rng(1).normal(size=(1, 3, 160, 112)).astype(np.float32)
    answer: NDArray[np.float32] = open_session(graph.read_bytes(), library).run(
        None, {"pixels": pixels}
    )[0]
    return answer


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc and its sanitizers")
@pytest.mark.parametrize(("name", "sources", "tests"), LIBRARIES)
def test_nothing_out_of_bounds_is_touched(
    name: str, sources: str, tests: str, tmp_path: Path
) -> None:
    library = tmp_path / "checked.so"
    checks = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off")
    subprocess.run(
        [
            *("gcc", "-std=c11", "-O1", *checks, "-shared", "-fPIC"),
            *ROOT.glob(sources),
            *("-lm", "-o", library),
        ],
        check=True,
    )
    runtime = [
        subprocess.run(
            ["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]

    done = subprocess.run(
        [sys.executable, "-c", UNDER_SANITIZERS, name, library, tests],
        cwd=ROOT,
        # CPython itself leaks what it keeps to the end.
        env={**os.environ, "LD_PRELOAD": ":".join(runtime), "ASAN_OPTIONS": "detect_leaks=0"},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout + done.stderr
