"""What the documents say exists, does."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from cli.main import app
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
SECURITY = (ROOT / "docs/security.md").read_text()
LIMIT = re.compile(r"^(max|min)_|timeout|limit|formats")
PAGES = [
    ROOT / name
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/security.md",
        "docs/shipped-models.md",
        "docs/performance.md",
        "docs/synthetic.md",
        "docs/training.md",
    )
]


def test_every_setting_is_in_the_readme_and_no_other() -> None:
    documented = set(re.findall(r"LIMN_[A-Z_]+", README))

    assert documented == {f"LIMN_{name.upper()}" for name in Settings.model_fields}


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?<![\w-])make ([a-z-]+)(?=[`\s])", page.read_text()))

    assert named - {"and"} <= targets


def test_commands_that_are_named_exist() -> None:
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:^|[`/])limn ([a-z]+)", README, re.MULTILINE))

    assert named
    assert named <= commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_linked_exist(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []
