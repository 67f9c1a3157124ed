"""`limn repository` from build to rollback."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.fixtures.models import write_model, write_parser


@pytest.fixture
def root(tmp_path: Path) -> Path:
    repository = tmp_path / "repository"
    for version in (1, 2):
        write_parser(write_model(repository, version=version))
    return repository


def limn(*words: object) -> Result:
    return CliRunner().invoke(app, ["repository", *map(str, words)])


def test_from_build_to_rollback(root: Path, tmp_path: Path) -> None:
    done = limn("build", "--platform", "onnxruntime", "--repository", root)
    assert done.exit_code == 0, done.output
    assert f"{root / 'baseline'}: version 2 for onnxruntime" in done.stdout
    assert limn("check", root).stdout == f"{root}: no fault\n"

    assert limn("promote", "baseline", "1", "--repository", root).stdout == (
        "baseline: version 1 is served\n"
    )
    added = limn("add", write_model(tmp_path / "new", version=3), "--repository", root)
    assert added.exit_code == 0, added.output
    assert (root / "baseline/3/contract.json").is_file()
    assert limn("rollback", "baseline", "--repository", root).stdout == (
        "baseline: version 2 is served\n"
    )


def test_list_names_what_is_served(root: Path) -> None:
    listed = limn("list", "--repository", root).stdout.splitlines()

    assert [line.split()[:3] for line in listed if line.startswith("baseline ")] == [
        ["baseline", "1", "one"],
        ["baseline", "2", "served"],
    ]


def test_copy_has_what_it_was_asked_for(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("--repository", root, "--out", out, "--response-cache")

    assert limn("build", "--platform", "python", *words).exit_code == 0
    assert "enable: true" in (out / "baseline/config.pbtxt").read_text()
    assert (out / "baseline_parse/2/model.py").is_file()


def test_faults_are_listed_and_told_by_the_exit_status(root: Path) -> None:
    checked = limn("check", root)

    assert checked.exit_code == 1
    assert f"{root / 'baseline/config.pbtxt'}: is missing" in checked.stdout
    assert len(checked.stdout.splitlines()) == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["promote", "baseline", "7"], "has no version 7; there are: 1, 2"),
        (["rollback", "baseline"], "nothing to roll back to"),
        (["build", "--platform", "tensorrt"], "model.plan"),
    ],
)
def test_refusals_are_one_line(words: list[str], message: str, root: Path) -> None:
    refused = limn(*words, "--repository", root)

    assert refused.exit_code == 1
    assert message in refused.stderr
    assert "Traceback" not in refused.output
