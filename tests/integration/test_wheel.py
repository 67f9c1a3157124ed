"""Limn as it is installed: from a wheel, away from its sources."""

import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.models import write_model

ROOT = Path(__file__).resolve().parents[2]
START_S = 60


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of a wheel made of the tree."""
    place = tmp_path_factory.mktemp("wheel")
    # A copy: setuptools leaves things where it builds, and takes what it left before.
    for name in ("limn", "service", "training", "export", "cli"):
        shutil.copytree(
            ROOT / name, place / "tree" / name, ignore=shutil.ignore_patterns("__pycache__", "*.so")
        )
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, place / "tree")
    # The build's own environment is this one: nothing is downloaded.
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*build, "--quiet", "--wheel-dir", str(place), str(place / "tree")],
        check=True,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    (wheel,) = place.glob("limn-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "site")
    return place / "site"


def test_wheel_holds_what_is_no_code(installed: Path) -> None:
    for folder, pattern in (
        ("service/static", "**/*"),
        ("training/configs", "**/*.toml"),
        ("training/persons/configs", "*"),
        ("export/triton", "shim.py"),
        ("limn/ops", "*.cu"),
    ):
        ours = {path.relative_to(ROOT) for path in (ROOT / folder).glob(pattern) if path.is_file()}
        assert ours
        assert all((installed / path).is_file() for path in ours)


def test_installed_gateway_serves(installed: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "models")
    started = subprocess.Popen(
        [sys.executable, "-c", "from cli.main import main; main()", "serve"],
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": str(installed),
            "LIMN_MODEL_REPOSITORY": str(tmp_path / "models"),
            "LIMN_HTTP_PORT": "18731",
            "LIMN_GRPC_PORT": "0",
        },
    )
    try:
        deadline = time.monotonic() + START_S
        while True:
            try:
                answer = httpx2.get("http://127.0.0.1:18731/readyz")
                break
            except httpx2.ConnectError:
                assert started.poll() is None, "the gateway ended"
                assert time.monotonic() < deadline
                time.sleep(0.05)
        pages = [httpx2.get(f"http://127.0.0.1:18731/{path}") for path in ("", "docs")]
    finally:
        started.terminate()
        started.wait(30)

    assert answer.status_code == 200
    assert [page.status_code for page in pages] == [200, 200]
