"""Whatever its description allows, the service does what that promises, with keys and without."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.keys import create
from tests.fixtures.gateway import gateway

ROOT = Path(__file__).resolve().parents[3]
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
SETTINGS = {
    "max_upload_bytes": 300_000,
    "max_image_pixels": 1_000_000,
    "max_boxes": 3,
    "max_batch_images": 3,
    "log_level": "warning",
}


def explore(address: str, folder: Path, examples: int, key: str | None = None) -> None:
    """Let schemathesis ask for whatever is described, and judge by all of its checks."""
    shown = [] if key is None else ["--header", f"Authorization: Bearer {key}"]
    done = subprocess.run(
        [
            *(SCHEMATHESIS, "--config-file", Path(__file__).with_name("schemathesis.toml")),
            *("run", f"http://{address}/openapi.json", "--no-color"),
            *("--phases", "examples,coverage,fuzzing,stateful"),
            *("--max-examples", str(examples), *shown),
        ],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.integration.description.pictures"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tested: 12" in done.stdout, done.stdout


@pytest.fixture(scope="module")
def address(repository: Path) -> Iterator[str]:
    with gateway(repository, **SETTINGS) as running:
        yield running.http


@pytest.fixture
def guarded(repository: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Address and key of a service that asks for one."""
    file = tmp_path / "keys.json"
    key = create(file, "all", ["parse", "metrics", "admin"])
    with gateway(repository, keys_file=file, **SETTINGS) as running:
        yield running.http, key


def test_service_does_what_its_description_promises(address: str, tmp_path: Path) -> None:
    explore(address, tmp_path, examples=20)


def test_service_with_keys_does_what_its_description_promises(
    guarded: tuple[str, str], tmp_path: Path
) -> None:
    address, key = guarded
    explore(address, tmp_path, examples=20, key=key)


@pytest.mark.slow
def test_description_holds_for_many_requests(address: str, tmp_path: Path) -> None:
    explore(address, tmp_path, examples=400)


@pytest.mark.slow
def test_description_holds_for_many_requests_with_keys(
    guarded: tuple[str, str], tmp_path: Path
) -> None:
    address, key = guarded
    explore(address, tmp_path, examples=400, key=key)
