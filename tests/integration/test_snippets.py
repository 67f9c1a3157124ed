"""What the documents tell a reader to type, typed: against the shipped models, on other ports."""

import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.fixtures import documents
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.lip_dataset import write_lip_dataset
from tests.fixtures.shell import ROOT, run

PHOTO = ROOT / "service/static/page/astronaut.jpg"


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


def blocks(language: str) -> list[Any]:
    """Every block of the documents in a language."""
    return [
        pytest.param(text, id=f"{Path(page).stem}-{number}")
        for page in documents.PAGES
        for number, text in enumerate(documents.blocks(page, language))
        if language != "bash" or documents.plain(text)
    ]


def typed(command: str, served: Gateway, folder: Path, **variables: str) -> str:
    """What a command prints in the folder, with the addresses of this service."""
    command = re.sub(r"^curl ", "curl --fail --silent ", command)
    # Without a cluster, as far as the chart goes.
    command = re.sub("helm (install|upgrade)", "helm template", command)
    command = command.replace("--reuse-values ", "")
    for address in ("localhost:8080", "parse.example:8080"):
        command = command.replace(address, served.http)
    settings = {
        "LIMN_SESSIONS": "1",
        "LIMN_HTTP_PORT": "0",
        "LIMN_GRPC_PORT": "0",
        "LIMN_MODEL_REPOSITORY": str(folder / "model_repository"),
        "KEY": "unused",
        "DIR": "elsewhere",
    }
    return run(command, folder, settings | variables)


@pytest.mark.parametrize("block", blocks("bash"))
def test_commands_do_what_they_say(block: str, served: Gateway, folder: Path) -> None:
    exported: dict[str, str] = {}
    for command in documents.plain(block):
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            exported[name] = value
            continue
        before = {path for path in folder.rglob("*") if path.is_file()}

        printed = typed(command, served, folder, **exported)

        written = {path for path in folder.rglob("*") if path.is_file()} - before
        assert written or printed
        assert all(np.asarray(Image.open(one)).size for one in written if one.suffix == ".png")


@pytest.mark.parametrize("snippet", blocks("python"))
def test_python_does_what_it_says(snippet: str, served: Gateway, folder: Path) -> None:
    (folder / "snippet.py").write_text(documents.asking(snippet, served.http, served.grpc))

    run("python snippet.py", folder)


@pytest.mark.types({"docs/tutorial.md": [".venv/bin/python"]})
def test_interpreter_of_the_tutorial(commands: list[str], served: Gateway, folder: Path) -> None:
    (interpreter,) = commands
    (snippet,) = documents.blocks("docs/tutorial.md", "python")
    (folder / "typed").write_text(documents.asking(snippet, served.http, served.grpc))

    assert run(f"{interpreter} < typed", folder).startswith("(512, 512) 0.")


@pytest.mark.types({"docs/scaling.md": ["python -m tools.scaling"]})
def test_table_of_scaling_is_what_is_printed(commands: list[str]) -> None:
    (scaling,) = commands

    printed = run(scaling)

    rows = [line for line in printed.splitlines() if line.startswith("|")]
    assert len(rows) == 5
    assert "\n".join(rows) in (ROOT / "docs/scaling.md").read_text()
