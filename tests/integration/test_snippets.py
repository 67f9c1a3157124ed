"""What the documents tell a reader to type, typed: against the shipped models, on other ports."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.fixtures.gateway import Gateway, gateway

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "service/static/page/astronaut.jpg"
PAGES = [
    "README.md",
    "docs/index.md",
    "docs/tutorial.md",
    "docs/how-to/ask.md",
    "docs/how-to/clients.md",
    "docs/how-to/kserve.md",
]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"^(curl |(\.venv/bin/)?limn parse )")
ELSEWHERE = "parse.example"
"""A host that is only an example."""


@pytest.fixture(scope="module")
def served() -> Iterator[Gateway]:
    with gateway(ROOT / "model_repository") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the documents speak of: photos by their names."""
    for name in ("photo.jpg", "group.jpg", "photos/one.jpg", "service/static/page/astronaut.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PHOTO.read_bytes())
    (tmp_path / "more").mkdir()
    Image.open(PHOTO).save(tmp_path / "more" / "two.png")
    return tmp_path


def blocks(language: str) -> list[tuple[str, str]]:
    """Page and text of every block."""
    return [
        (page, text)
        for page in PAGES
        for found, text in BLOCK.findall((ROOT / page).read_text())
        if found == language
    ]


def commands() -> list[str]:
    lines = [line.strip() for _, text in blocks("bash") for line in text.splitlines()]
    return sorted({line for line in lines if TYPED.match(line) and not line.count(ELSEWHERE)})


def typed(command: str, served: Gateway, folder: Path) -> "subprocess.CompletedProcess[str]":
    """In a shell, in the folder, with the addresses of this service."""
    command = command.replace("localhost:8080", served.http).replace(".venv/bin/", "")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "LIMN_SESSIONS": "1"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_are_commands_to_type() -> None:
    assert sum(command.startswith("curl") for command in commands()) >= 5
    assert sum("limn parse" in command for command in commands()) >= 3


@pytest.mark.parametrize("command", commands())
def test_command_does_what_it_says(command: str, served: Gateway, folder: Path) -> None:
    before = {path for path in folder.rglob("*") if path.is_file()}

    done = typed(re.sub(r"^curl ", "curl --fail --silent ", command), served, folder)

    assert done.returncode == 0, done.stderr
    written = {path for path in folder.rglob("*") if path.is_file()} - before
    assert written or done.stdout
    assert all(np.asarray(Image.open(path)).size for path in written if path.suffix == ".png")


@pytest.mark.parametrize(
    "snippet",
    [pytest.param(text, id=f"{page}-{n}") for n, (page, text) in enumerate(blocks("python"))],
)
def test_python_does_what_it_says(snippet: str, served: Gateway, folder: Path) -> None:
    for place in ("127.0.0.1:8080", "localhost:8080"):
        snippet = snippet.replace(place, served.http)
    snippet = snippet.replace("localhost:8001", served.grpc)
    # Without an address it is the default one.
    snippet = re.sub(r"Client\(\)", f'Client("http://{served.http}")', snippet)

    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
