"""The import contracts of pyproject.toml hold, and would show it if they did not."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("limn", "training", "export", "service", "cli", "loadtests")
LINT_IMPORTS = Path(sysconfig.get_path("scripts")) / "lint-imports"

pytestmark = pytest.mark.skipif(
    not LINT_IMPORTS.exists() or sys.platform == "win32", reason="needs import-linter"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of all packages, Python files only."""
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            copy = tmp_path / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def lint(tree: Path) -> tuple[int, str]:
    """Exit status and output, on one line, of `lint-imports` in a folder."""
    # Without a cache and with the folder itself first on the path, not the installed package.
    done = subprocess.run(
        [LINT_IMPORTS, "--no-cache"],
        cwd=tree,
        env={"PYTHONPATH": str(tree), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_every_import_contract_is_kept(tree: Path) -> None:
    status, output = lint(tree)

    assert status == 0, output
    assert " 0 broken" in output


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        pytest.param("service/app.py", "import torch", "service.app -> torch", id="serving-torch"),
        pytest.param(
            "service/app.py",
            "import service.batch.run",
            "service.app -> service.batch.run",
            id="gateway-batch",
        ),
        pytest.param(
            "service/stages.py",
            "import training.errors",
            "service.stages -> training.errors",
            id="serving-training",
        ),
        pytest.param("limn/rle.py", "import fastapi", "limn.rle -> fastapi", id="domain-web"),
        pytest.param(
            "training/objective.py",
            "import service.errors",
            "training.objective ->",
            id="training-web",
        ),
        pytest.param(
            "export/triton/write.py",
            "import torch",
            "export.triton.write -> torch",
            id="repository-torch",
        ),
        pytest.param("loadtests/soak.py", "import limn", "loadtests.soak -> limn", id="load-test"),
    ],
)
def test_planted_import_breaks_a_contract(tree: Path, module: str, line: str, broken: str) -> None:
    file = tree / module
    file.write_text(file.read_text() + f"\n{line}\n")

    status, output = lint(tree)

    assert status == 1
    assert " 0 broken" not in output
    assert broken in output
