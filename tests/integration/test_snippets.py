"""What the documents tell a reader to type, typed: against the shipped models, on other ports."""

import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.lip_dataset import write_lip_dataset
from tests.fixtures.shell import complain, shell

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "service/static/page/astronaut.jpg"
PAGES = [
    "README.md",
    "docs/index.md",
    "docs/tutorial.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs/how-to").glob("*.md")),
]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPED = re.compile(
    r"(curl|(\w+=\S+ )?(\.venv/bin/)?limn (parse|batch|doctor|key|repository)"
    r"|helm (install|upgrade)) "
)
ELSEWHERE = re.compile(r"parse\.example|--ray|localhost:8090")
"""What is only an example, needs a cluster, or is of the leaderboard, which has its own tests."""


@pytest.fixture(scope="module")
def served() -> Iterator[Gateway]:
    with gateway(ROOT / "model_repository") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the documents speak of: photos, data and models by their names."""
    for name in ("photo.jpg", "group.jpg", "photos/one.jpg", "service/static/page/astronaut.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PHOTO.read_bytes())
    (tmp_path / "more").mkdir()
    Image.open(PHOTO).save(tmp_path / "more" / "two.png")
    with tarfile.open(tmp_path / "photos.tar.gz", "w:gz") as archive:
        archive.add(PHOTO, "one.jpg")
    write_lip_dataset(tmp_path / "data/lip")
    shutil.copytree(ROOT / "model_repository", tmp_path / "model_repository")
    for name in ("mman", "mman_parse"):
        _second_version(tmp_path / "model_repository" / name / "1", tmp_path / "runs/export" / name)
    for name in ("deploy", "person_finder"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def _second_version(first: Path, exported: Path) -> None:
    """A version 2 that was exported elsewhere: the first one's files under another number."""
    shutil.copytree(first, exported / "2")
    contract = exported / "2" / "contract.json"
    contract.write_text(re.sub(r'"version": ?1\b', '"version": 2', contract.read_text()))


def blocks(language: str) -> list[tuple[str, str]]:
    """Page and text of every block."""
    return [
        (page, text)
        for page in PAGES
        for found, text in BLOCK.findall((ROOT / page).read_text())
        if found == language
    ]


def commands(text: str) -> list[str]:
    """Lines of a block that can be typed here."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if TYPED.match(line + " ") and not ELSEWHERE.search(line)]


def named(found: list[tuple[str, str]]) -> list[Any]:
    return [pytest.param(text, id=f"{Path(page).stem}-{n}") for n, (page, text) in enumerate(found)]


def typed(command: str, served: Gateway, folder: Path) -> "subprocess.CompletedProcess[str]":
    """In a shell, in the folder, with the addresses of this service."""
    command = re.sub(r"^curl ", "curl --fail --silent ", command)
    # Without a cluster, as far as the chart goes.
    command = re.sub("helm (install|upgrade)", "helm template", command)
    command = command.replace("--reuse-values ", "")
    command = command.replace("localhost:8080", served.http).replace(".venv/bin/", "")
    variables = {
        "LIMN_SESSIONS": "1",
        "LIMN_HTTP_PORT": "0",
        "LIMN_GRPC_PORT": "0",
        "LIMN_MODEL_REPOSITORY": str(folder / "model_repository"),
        "KEY": "unused",
        "DIR": "elsewhere",
    }
    if "limn key" in command:
        variables["LIMN_KEYS_FILE"] = "keys.json"
    return shell(command, folder, **variables)


TYPED_BLOCKS = [(page, text) for page, text in blocks("bash") if commands(text)]


def test_there_is_much_to_type() -> None:
    lines = [line for _, text in TYPED_BLOCKS for line in commands(text)]

    assert sum(line.startswith("curl") for line in lines) >= 6
    assert sum("limn " in line for line in lines) >= 15


@pytest.mark.parametrize("block", named(TYPED_BLOCKS))
def test_commands_do_what_they_say(block: str, served: Gateway, folder: Path) -> None:
    for command in commands(block):
        before = {path for path in folder.rglob("*") if path.is_file()}

        done = typed(command, served, folder)

        assert done.returncode == 0, complain(command, done)
        written = {path for path in folder.rglob("*") if path.is_file()} - before
        assert written or done.stdout
        assert all(np.asarray(Image.open(one)).size for one in written if one.suffix == ".png")


@pytest.mark.parametrize("snippet", named(blocks("python")))
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
