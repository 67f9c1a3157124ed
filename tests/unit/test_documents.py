"""What the documents say exists, does."""

import importlib
import re
from pathlib import Path

import pytest
from typer.main import get_command

from cli.main import app
from service.settings import Settings
from tests.fixtures import documents
from tools import model_cards, reference


def name_of(page: Path) -> str:
    return page.stem


ROOT = Path(__file__).resolve().parents[2]
SECURITY = (ROOT / "docs/security.md").read_text()
NO_SETTINGS = {"LIMN_KEY"}
"""Variables of clients."""
COMMAND = re.compile(r"(?:^|[`/])limn ((?:[a-z]\w*[ ]?)+)([^`\n]*)", re.MULTILINE)
LIMIT = re.compile(r"^(max|min)_|timeout|limit|formats")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("docs/how-to/*.md")),
    *sorted(ROOT.glob("docs/reference/*.md")),
    *sorted(ROOT.glob("docs/models/*.md")),
]

BEYOND = {
    "docker": "needs Docker's engine; test_container.py checks what the files name",
    "kubectl": "needs a cluster with KServe; deploy/test_kserve_manifest.py checks the manifest",
}
"""Programs that no test machine can run, and why."""


def _typed_by_name() -> set[str]:
    """Commands that tests are marked to type."""
    typed: set[str] = set()
    for file in sorted((ROOT / "tests/integration").glob("test_*snippets.py")):
        for member in vars(importlib.import_module(f"tests.integration.{file.stem}")).values():
            for mark in getattr(member, "pytestmark", []):
                if mark.name == "types":
                    typed.update(documents.named(mark))
    return typed


@pytest.mark.parametrize("page", documents.PAGES)
def test_every_command_is_typed_by_a_test(page: str) -> None:
    typed = _typed_by_name()

    for block in documents.blocks(page, "bash"):
        left = set(documents.lines(block)) - set(documents.plain(block)) - typed
        assert {line for line in left if line.split()[0] not in BEYOND} == set()


def test_what_cannot_be_typed_is_in_the_documents() -> None:
    blocks = [block for page in documents.PAGES for block in documents.blocks(page, "bash")]
    programs = {line.split()[0] for block in blocks for line in documents.lines(block)}

    assert set(BEYOND) <= programs


def test_nothing_says_to_install_what_an_index_calls_limn() -> None:
    sources = [
        path
        for name in ("limn", "service", "training", "export", "cli", "tools", "docs")
        for path in (ROOT / name).rglob("*.*")
        if path.suffix in (".py", ".md")
    ]

    told = re.compile(r"pip install ['\"]?limn\b")
    assert [path for path in [*sources, *PAGES] if told.search(path.read_text())] == []


@pytest.mark.parametrize("name", reference.PAGES)
def test_reference_is_what_the_code_says(name: str) -> None:
    written = (reference.FOLDER / name).read_text()

    assert written == reference.WRITTEN + reference.PAGES[name](), "run `make reference`"


@pytest.mark.parametrize("name", model_cards.MODELS)
def test_model_card_is_what_was_measured(name: str) -> None:
    written = (model_cards.FOLDER / f"{name}.md").read_text()

    assert written == model_cards.WRITTEN + model_cards.card(name), "run `make reference`"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_settings_that_are_named_exist(page: Path) -> None:
    named = set(re.findall(r"LIMN_[A-Z][A-Z_]+[A-Z]", page.read_text()))

    known = {f"LIMN_{name.upper()}" for name in Settings.model_fields}
    assert named - known - NO_SETTINGS == set()


def test_every_limit_is_in_the_page_of_security_with_its_default() -> None:
    rows = re.findall(r"^\| `LIMN_([A-Z_]+)` \| (.+?) \|", SECURITY, re.MULTILINE)
    settings = Settings()

    limits = {name for name in Settings.model_fields if LIMIT.search(name)}
    assert {name.lower() for name, _ in rows} == limits
    for name, stated in rows:
        value = getattr(settings, name.lower())
        if isinstance(value, tuple):
            value = ",".join(value).lower()
        if isinstance(value, float):
            value = f"{value:g}"
        if stated != "by cores":
            assert stated == f"`{value}`", name


def test_every_proof_of_security_exists() -> None:
    proofs = re.findall(r"`([a-z_/]+\.py)::(\w+)`", SECURITY)

    assert len(proofs) > 50
    for file, name in proofs:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), f"{file}::{name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|[`=] ?)make ([a-z-]+)", page.read_text(), re.MULTILINE))

    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_that_are_named_exist(page: Path) -> None:
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:^|[`/])limn ([a-z]+)", page.read_text(), re.MULTILINE))

    assert named <= commands


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_options_that_are_named_exist(page: Path) -> None:
    for path, rest in COMMAND.findall(page.read_text()):
        words = path.split()
        command = get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
        known = {option for parameter in command.params for option in parameter.opts}
        known |= {option for p in command.params for option in p.secondary_opts} | {"--help"}
        named = set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest.split("#")[0]))
        assert named <= known, f"limn {path} {rest}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_are_linked_exist(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_headings_that_are_linked_exist(page: Path) -> None:
    for target, heading in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text()):
        text = (page.parent / target).read_text() if target else page.read_text()
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
        assert heading in anchors, f"{target}#{heading}"


def test_every_page_is_on_the_site() -> None:
    listed = re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    pages = {str(page.relative_to(ROOT / "docs")) for page in PAGES if "docs" in page.parts}

    # The page of the HTTP API is made with the site.
    assert set(listed) == pages | {"reference/http.md"}
