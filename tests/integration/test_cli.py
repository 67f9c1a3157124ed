from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from tests.fixtures import pictures

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    monkeypatch.setenv("LIMN_MODEL_REPOSITORY", str(repository))
    monkeypatch.setenv("LIMN_SESSIONS", "2")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "astronaut.jpg"
    path.write_bytes(pictures.jpeg())
    return path


def test_parse_writes_what_the_gateway_answers(
    photo: Path, tmp_path: Path, client: TestClient
) -> None:
    done = RUNNER.invoke(app, ["parse", str(photo), "-o", str(tmp_path / "out"), "--flip"])

    assert done.exit_code == 0, done.output
    answer = tmp_path / "out" / "astronaut.png"
    alone = client.post("/v1/parse", content=photo.read_bytes(), params={"flip": True})
    assert answer.read_bytes() == alone.content


def test_parse_goes_on_after_a_photo_that_fails(photo: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(pictures.jpeg()[:900])
    arguments = ["parse", str(broken), str(photo), "-o", str(tmp_path), "--output", "overlay"]

    done = RUNNER.invoke(app, arguments)

    assert done.exit_code == 1
    assert "broken.jpg: the JPEG" in done.stderr
    assert np.asarray(Image.open(tmp_path / "astronaut.png")).shape == (256, 192, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scales", "9"], "scales: '9' is no number"),
        (["--model", "nope"], "no model 'nope' is served"),
        (["--boxes", "[[1]]"], "boxes[0]: four numbers"),
    ],
)
def test_parse_explains_a_bad_option(
    photo: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    done = RUNNER.invoke(app, ["parse", str(photo), "-o", str(tmp_path), *options])

    assert done.exit_code == 1
    assert message in done.stderr


def test_parse_refuses_two_photos_of_one_name(photo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "astronaut.png"
    other.parent.mkdir()
    other.write_bytes(pictures.png())

    done = RUNNER.invoke(app, ["parse", str(photo), str(other), "-o", str(tmp_path)])

    assert done.exit_code == 2
    assert "same name" in done.stderr


def test_parse_overwrites_no_photo(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(pictures.png())

    done = RUNNER.invoke(app, ["parse", str(photo), "-o", str(tmp_path)])

    assert done.exit_code == 2
    assert photo.read_bytes() == pictures.png()


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
