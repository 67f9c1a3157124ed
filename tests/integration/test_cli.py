from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

pytestmark = pytest.mark.usefixtures("environment")

RUNNER = CliRunner()


def test_bench_prints_every_stage(photo: Path) -> None:
    done = RUNNER.invoke(app, ["bench", str(photo), "--repeat", "1"])

    assert done.exit_code == 0, done.output
    for row in ("decode", "canvas", "network", "fuse", "choose", "encode", "all but the network"):
        assert row in done.output


def test_serve_names_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMN_HTTP_PORT", "http")

    done = RUNNER.invoke(app, ["serve"])

    assert done.exit_code == 1
    assert "LIMN_HTTP_PORT" in done.stderr


def test_serve_without_models_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LIMN_MODEL_REPOSITORY", str(tmp_path))

    done = RUNNER.invoke(app, ["serve"])

    assert done.exit_code == 1
    assert "holds no model" in done.stderr
