"""`limn parse`: which photos, by whom, where to."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from limn.labels import LIP
from tests.fixtures import pictures
from tests.fixtures.gateway import gateway

pytestmark = pytest.mark.usefixtures("environment")

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def url(repository: Path) -> Iterator[str]:
    with gateway(repository) as running:
        yield f"http://{running.http}"


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos at two depths, and what is none."""
    root = tmp_path / "photos"
    for name in ("b.jpg", "deep/a.jpg", "deep/er/b.JPG", ".hidden/c.jpg"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pictures.jpeg())
    (root / "notes.txt").write_text("no photo")
    return root


def written(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_photos_of_a_folder_keep_their_place(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    done = RUNNER.invoke(app, ["parse", str(folder), "-o", str(out)])

    assert done.exit_code == 0, done.output
    assert written(out) == {"b.png", "deep/a.png", "deep/er/b.png"}
    assert sorted(done.stdout.split()) == sorted(str(out / name) for name in written(out))


def test_pattern_is_matched_where_the_shell_does_not(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pattern = str(folder / "**" / "*.jpg")

    done = RUNNER.invoke(app, ["parse", pattern, "-o", str(out), "--output", "json"])

    assert done.exit_code == 0, done.output
    assert {"b.json", "deep/a.json"} <= written(out)


def test_standard_input_to_standard_output(client: TestClient) -> None:
    done = RUNNER.invoke(app, ["parse", "-", "-o", "-"], input=pictures.jpeg())

    assert done.exit_code == 0
    assert done.stdout_bytes == client.post("/v1/parse", content=pictures.jpeg()).content


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jpg"], "there is no nowhere.jpg"),
        (["*.nothing"], r"nothing matches \*.nothing"),
        (["photos/deep", "photos/deep/a.jpg"], "same name: photos/deep/a.jpg, photos/deep/a.jpg"),
        (["photos/deep", "-o", "-"], "2 answers cannot go to standard output"),
        (["empty"], "there is no photo in empty"),
        (["photos/b.jpg", "--url", "http://127.0.0.1:9"], "http://127.0.0.1:9 does not answer"),
    ],
)
def test_photos_that_cannot_be_meant_are_named(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()

    done = RUNNER.invoke(app, ["parse", *arguments[:1], "-o", "out", *arguments[1:]])

    assert done.exit_code == 1
    assert re.search(message, done.stderr)


def test_answer_overwrites_no_photo(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(pictures.png())

    done = RUNNER.invoke(app, ["parse", str(photo), "-o", str(tmp_path)])

    assert done.exit_code == 1
    assert "overwrite" in done.stderr
    assert photo.read_bytes() == pictures.png()


def test_answers_need_a_place(photo: Path) -> None:
    done = RUNNER.invoke(app, ["parse", str(photo)])

    assert done.exit_code == 2
    assert "say where to" in done.stderr


def test_service_elsewhere_answers_the_same(
    url: str, folder: Path, tmp_path: Path, client: TestClient
) -> None:
    out = tmp_path / "out"
    options = ["--url", url, "--scales", "1,0.5", "--boxes", "[[0,0,90,120]]", "--flip"]

    done = RUNNER.invoke(app, ["parse", str(folder), "-o", str(out), *options])

    assert done.exit_code == 0, done.output
    assert written(out) == {"b.png", "deep/a.png", "deep/er/b.png"}
    alone = client.post(
        "/v1/parse",
        content=pictures.jpeg(),
        params={"scales": "1,0.5", "boxes": "[[0,0,90,120]]", "flip": True},
    )
    assert (out / "deep" / "a.png").read_bytes() == alone.content


def test_service_elsewhere_may_refuse_a_photo(url: str, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("hello")

    done = RUNNER.invoke(
        app, ["parse", str(tmp_path / "text.jpg"), str(photo), "-o", str(tmp_path), "--url", url]
    )

    assert done.exit_code == 1
    assert "text.jpg: 415 unsupported-image" in done.stderr
    assert (tmp_path / "astronaut.png").is_file()


def test_key_is_of_the_environment(
    repository: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIMN_KEY", raising=False)
    keys = tmp_path / "keys.json"
    created = RUNNER.invoke(app, ["key", "create", "tests"], env={"LIMN_KEYS_FILE": str(keys)})
    key = created.stdout.split()[-1]
    with gateway(repository, keys_file=keys) as running:
        arguments = ["parse", str(photo), "-o", str(tmp_path), "--url", f"http://{running.http}"]

        without = RUNNER.invoke(app, arguments)
        with_key = RUNNER.invoke(app, arguments, env={"LIMN_KEY": key})

    assert (without.exit_code, with_key.exit_code) == (1, 0)
    assert "401 key-required" in without.stderr


def test_mask_is_drawn_with_its_legend(photo: Path) -> None:
    done = RUNNER.invoke(app, ["parse", str(photo), "--show"])

    assert done.exit_code == 0, done.output
    assert done.stdout.count("▀") > 500
    shares = re.findall(r"██ ([a-z-]+) ([0-9.]+)%", done.stdout)
    assert shares
    assert {name for name, _ in shares} <= set(LIP.classes[1:])
    assert sum(float(share) for _, share in shares) <= 100.5


def test_picture_beside_an_answer_on_standard_output_is_not_in_it(photo: Path, url: str) -> None:
    arguments = ["parse", str(photo), "-o", "-", "--show", "--output", "overlay", "--url", url]

    done = RUNNER.invoke(app, arguments)

    assert np.asarray(Image.open(io.BytesIO(done.stdout_bytes))).shape == (256, 192, 3)
    assert "▀" in done.stderr
