"""`limn synthesize`, with Blender where it is installed."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.fixtures.rendering import PARTS, needs_blender
from training.synthetic import environment as environment_module
from training.synthetic.environment import CHECKOUT, find_environment
from training.synthetic.worker import WorkerSettings


def synthesize(out: Path, count: int, workers: int) -> str:
    """What the command prints; backgrounds are drawn."""
    arguments = ["synthesize", str(out), "--count", str(count), "--workers", str(workers)]
    result = CliRunner().invoke(app, [*arguments, "--parts", str(PARTS)])
    assert result.exit_code == 0, result.output
    return result.output


def contents(out: Path) -> dict[str, bytes]:
    """All pictures and label maps, by name."""
    return {path.name: path.read_bytes() for path in out.glob("*_[is]*/*") if path.is_file()}


def test_without_its_environment_the_command_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment_module, "VENV", tmp_path / "none")

    result = CliRunner().invoke(app, ["synthesize", str(tmp_path / "out")])

    assert result.exit_code == 1
    assert "make synthetic" in result.output
    assert not (tmp_path / "out").exists()


@needs_blender
@pytest.mark.slow
def test_the_same_seed_gives_the_same_pictures_however_many_work(tmp_path: Path) -> None:
    synthesize(tmp_path / "one", 10, 1)
    synthesize(tmp_path / "two", 10, 2)

    one = contents(tmp_path / "one")
    assert len(one) == 20
    assert one == contents(tmp_path / "two")

    result = CliRunner().invoke(app, ["prepare", "check", str(tmp_path / "one"), "--layout", "lip"])
    assert result.exit_code == 0, result.output
    assert "train: 9 pictures" in result.output


@needs_blender
@pytest.mark.slow
def test_a_run_that_was_cut_off_continues(tmp_path: Path) -> None:
    synthesize(tmp_path, 2, 1)
    before = contents(tmp_path)
    kept, lost = (tmp_path / "train_descriptions" / f"000_00000{index}.json" for index in (0, 1))
    lost.unlink()
    written = kept.stat().st_mtime_ns

    page = synthesize(tmp_path, 2, 1)

    assert "2 pictures" in page
    assert kept.stat().st_mtime_ns == written
    assert contents(tmp_path) == before
    assert json.loads(lost.read_text())["index"] == 1


@needs_blender
@pytest.mark.slow
def test_labels_agree_with_the_mirrored_scene_and_with_a_plain_z_buffer() -> None:
    environment = find_environment()
    settings = WorkerSettings(
        core=None,
        out=Path("unused"),
        seed=5,
        parts=PARTS,
        package=environment.package,
        body=environment.body,
        ccp=None,
    )

    done = subprocess.run(
        [
            str(environment.python),
            *("-m", "training.synthetic.invariants", settings.model_dump_json(), "0", "6"),
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )

    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert len(lines) == 6
    for line in lines:
        assert line["mirror"] > 0.999
        assert line["raster"] > 0.999
        assert line["area"] < 0.005 * line["pixels"]
