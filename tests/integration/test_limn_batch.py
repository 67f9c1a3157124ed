"""`limn batch` on every kind of source, and what it writes."""

import io
import json
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from cli.main import app
from service.batch import run
from service.batch.picture import ENGINE_PAUSES_S
from service.engines.embedded import EmbeddedEngine
from service.errors import EngineUnavailable, InferenceFailed
from tests.fixtures import batches, pictures

pytestmark = pytest.mark.usefixtures("environment")

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return batches.write_photos(tmp_path_factory.mktemp("photos"), 5)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def batch(*arguments: object) -> Result:
    return RUNNER.invoke(app, ["batch", *map(str, arguments)])


def test_folder_gives_what_parse_gives(photos: Path, out: Path, tmp_path: Path) -> None:
    done = batch(photos, out, "--overlay", "--flip", "--scales", "1", "--part-size", "2")

    assert done.exit_code == 0, done.output
    assert "5 pictures: 5 parsed, 0 bad" in done.stdout
    assert done.stderr == ""
    for kind, folder in (("mask", "labels"), ("overlay", "overlays")):
        parsed = ["--output", kind, "--flip", "--scales", "1", "-o", str(tmp_path / kind)]
        files = [str(path) for path in sorted(photos.rglob("*.jpg"))]
        assert RUNNER.invoke(app, ["parse", *files, *parsed]).exit_code == 0
        written = batches.files(out / folder)
        assert list(written) == [f"{n % 2}/photo{n:03}.png" for n in (0, 2, 4, 1, 3)]
        for name, data in written.items():
            assert data == (tmp_path / kind / Path(name).name).read_bytes()


def test_parquet_gives_what_the_json_of_parse_gives(
    photos: Path, out: Path, tmp_path: Path
) -> None:
    assert batch(photos, out, "--label-set", "pascal-person-part").exit_code == 0

    photo = photos / "1" / "photo003.jpg"
    parse = ["parse", str(photo), "-o", str(tmp_path), "--output", "json"]
    assert RUNNER.invoke(app, [*parse, "--label-set", "pascal-person-part"]).exit_code == 0
    answer = json.loads((tmp_path / "photo003.json").read_text())
    rows = [row for row in batches.rows(out) if row["id"] == "1/photo003"]
    assert [
        {
            "index": row["label"],
            "name": row["name"],
            "area": row["area"],
            "ratio": row["ratio"],
            "box": [row["x1"], row["y1"], row["x2"], row["y2"]],
            "confidence": row["confidence"],
        }
        for row in rows
    ] == [
        {name: value for name, value in region.items() if name != "color"}
        for region in answer["persons"][0]["regions"]
    ]
    assert {(row["height"], row["width"]) for row in rows} == {(answer["height"], answer["width"])}


def test_run_tells_what_it_did(photos: Path, out: Path) -> None:
    assert batch(photos, out, "--scales", "1").exit_code == 0

    record = json.loads((out / "run.json").read_text())
    assert (record["state"], record["pictures"], record["parsed"]) == ("finished", 5, 5)
    settings = record["settings"]
    assert (settings["model"], settings["version"], settings["scales"]) == ("baseline", 1, [1.0])
    (one,) = record["runs"]
    assert (one["parsed"], one["bad"]) == (5, 0)
    assert one["started"] < one["ended"]
    assert one["rate"] > 0


@pytest.mark.parametrize("kind", ["list", "tar", "tgz", "lip"])
def test_every_source_gives_the_same(photos: Path, out: Path, tmp_path: Path, kind: str) -> None:
    assert batch(photos, out).exit_code == 0
    source, options = tmp_path / kind, list[str]()
    files = sorted(photos.rglob("*.jpg"))
    if kind == "list":
        source.write_text("".join(f"{file}\n" for file in files))
    elif kind == "lip":
        options = ["--layout", "lip", "--split", "val"]
        (source / "val_images").mkdir(parents=True)
        (source / "val_id.txt").write_text("".join(f"{file.stem}\n" for file in files))
        for file in files:
            (source / "val_images" / file.name).write_bytes(file.read_bytes())
    else:
        with tarfile.open(source, "w:gz" if kind == "tgz" else "w") as archive:
            archive.add(photos, ".")

    done = batch(source, tmp_path / "other", *options)

    assert done.exit_code == 0, done.output

    def by_name(folder: Path) -> dict[str, bytes]:
        return {Path(name).name: data for name, data in batches.files(folder / "labels").items()}

    assert by_name(tmp_path / "other") == by_name(out)
    if kind in ("tar", "tgz"):
        assert batches.rows(tmp_path / "other") == batches.rows(out)


def test_bad_pictures_are_reported_and_stop_nothing(tmp_path: Path, out: Path) -> None:
    photos = batches.write_photos(tmp_path / "in", 3)
    (photos / "0" / "cut.jpg").write_bytes(pictures.jpeg()[:900])
    (photos / "a.gif").write_bytes(b"GIF89a")
    (photos / "huge.png").write_bytes(pictures.png_header(60_000, 60_000))
    (photos / "empty.webp").write_bytes(b"")
    (photos / "gone.jpg").symlink_to("nowhere")

    done = batch(photos, out)

    assert done.exit_code == 3
    assert "8 pictures: 3 parsed, 5 bad" in done.stdout
    report = json.loads((out / "report.json").read_text())
    assert [(bad["id"], bad["name"], bad["problem"]) for bad in report] == [
        ("0/cut", "0/cut.jpg", "corrupt-image"),
        ("a", "a.gif", "unsupported-image"),
        ("empty", "empty.webp", "empty-image"),
        ("gone", "gone.jpg", "unreadable"),
        ("huge", "huge.png", "image-too-large"),
    ]
    assert report[3]["reason"] == "No such file or directory"
    assert len(batches.files(out / "labels")) == 3


def test_bad_picture_is_tried_again(tmp_path: Path, out: Path) -> None:
    photos = batches.write_photos(tmp_path / "in", 2)
    late = photos / "late.jpg"
    late.write_bytes(b"")
    assert batch(photos, out).exit_code == 3
    before = (out / "labels" / "0" / "photo000.png").stat()
    late.write_bytes(pictures.jpeg())

    done = batch(photos, out)

    assert done.exit_code == 0, done.output
    assert json.loads((out / "report.json").read_text()) == []
    assert (out / "labels" / "late.png").exists()
    assert (out / "labels" / "0" / "photo000.png").stat() == before


def test_finished_batch_has_nothing_to_do(photos: Path, out: Path) -> None:
    assert batch(photos, out).exit_code == 0
    before = batches.files(out / "labels"), sorted(out.glob("*.parquet"))

    done = batch(photos, out)

    assert done.exit_code == 0
    assert "5 pictures: 5 parsed, 0 bad" in done.stdout
    assert (batches.files(out / "labels"), sorted(out.glob("*.parquet"))) == before


def test_photo_of_background_alone_has_a_row(tmp_path: Path, out: Path) -> None:
    (tmp_path / "in").mkdir()
    for value in range(0, 256, 51):
        grey = np.full((20, 20, 3), value, np.uint8)
        data = pictures.encoded(Image.fromarray(grey), "PNG")
        (tmp_path / "in" / f"{value}.png").write_bytes(data)

    assert batch(tmp_path / "in", out).exit_code == 0

    blank = {
        Path(name).stem
        for name, data in batches.files(out / "labels").items()
        if not np.asarray(Image.open(io.BytesIO(data))).any()
    }
    rows = batches.rows(out)
    assert len({row["id"] for row in rows}) == 6
    assert {row["id"] for row in rows if row["label"] is None} == blank


def test_unsafe_names_of_a_tar_are_written_nowhere(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("../evil.jpg", f"{tmp_path}/evil.jpg", "good.jpg"):
            info = tarfile.TarInfo(name)
            info.size = len(pictures.jpeg())
            archive.addfile(info, io.BytesIO(pictures.jpeg()))

    assert batch(path, out).exit_code == 3

    assert list(batches.files(out / "labels")) == ["good.png"]
    assert [bad["problem"] for bad in json.loads((out / "report.json").read_text())] == [
        "not-acceptable",
        "not-acceptable",
    ]
    assert list(tmp_path.rglob("*evil*")) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--flip"], "was made with flip False, not True"),
        (["--scales", "1"], "was made with scales"),
        (["--overlay"], "was made with overlay False, not True"),
        (["--label-set", "atr"], "was made with label_set lip, not atr"),
    ],
)
def test_other_settings_are_refused(
    photos: Path, out: Path, options: list[str], message: str
) -> None:
    assert batch(photos, out).exit_code == 0
    before = batches.files(out)

    done = batch(photos, out, *options)

    assert done.exit_code == 1
    assert message in done.stderr
    assert batches.files(out) == before


def test_another_source_is_refused(photos: Path, out: Path) -> None:
    assert batch(photos, out).exit_code == 0

    done = batch(photos / "1", out)

    assert done.exit_code == 1
    assert f"made with source {photos}, not {photos / '1'}" in done.stderr


def test_pictures_of_one_name_are_refused(tmp_path: Path, out: Path) -> None:
    photos = batches.write_photos(tmp_path / "in", 1)
    (photos / "0" / "photo000.png").write_bytes(pictures.png())

    done = batch(photos, out)

    assert done.exit_code == 1
    assert "0/photo000.jpg and 0/photo000.png would both be written" in done.stderr
    assert not out.exists()


def test_missing_data_set_is_explained(photos: Path, out: Path) -> None:
    done = batch(photos, out, "--layout", "lip")

    assert done.exit_code == 1
    assert "has no val_id.txt" in done.stderr


def test_engine_that_is_away_is_waited_for(
    photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.batch.picture.ENGINE_PAUSES_S", (0.01,) * 3)
    real, calls = EmbeddedEngine.scores, []

    async def away_at_first(self: EmbeddedEngine, *arguments: object) -> object:
        calls.append(1)
        if len(calls) < 4:
            raise EngineUnavailable("not there")
        return await real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(EmbeddedEngine, "scores", away_at_first)

    assert batch(photos, out).exit_code == 0
    assert len(calls) == 5 + 3


def test_engine_that_stays_away_stops_the_run(
    photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.batch.picture.ENGINE_PAUSES_S", (0.01,))

    async def away(*_: object) -> None:
        raise EngineUnavailable("not there")

    with monkeypatch.context() as patch:
        patch.setattr(EmbeddedEngine, "scores", away)
        stopped = batch(photos, out)

    assert stopped.exit_code == 1
    assert "the engine is not available: not there" in stopped.stderr
    assert not (out / "report.json").exists()
    assert batch(photos, out).exit_code == 0


def test_model_changed_after_the_look_at_it_stops_the_run(
    photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run._promised
    monkeypatch.setattr(
        run,
        "_promised",
        lambda order: real(order).model_copy(update={"contract_sha256": "0" * 64}),
    )

    done = batch(photos, out)

    assert done.exit_code == 1
    assert "another baseline version 1 is served here" in done.stderr


def test_terminal_shows_progress(photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")

    done = batch(photos, out)

    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", done.stderr)
    last = [line for line in re.split(r"[\r\n]+", shown) if line.strip()][-1]
    assert re.search(r"5/5 \d+\.\d/s \d:\d\d:\d\d 0 bad", last), last


@pytest.mark.parametrize("error", [InferenceFailed("broken"), RuntimeError("a bug")])
def test_fault_over_one_picture_is_its_own(
    photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real, calls = EmbeddedEngine.scores, []

    async def once(self: EmbeddedEngine, *arguments: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise error
        return await real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(EmbeddedEngine, "scores", once)

    assert batch(photos, out).exit_code == 3
    (bad,) = json.loads((out / "report.json").read_text())
    assert str(error) in bad["reason"]


def test_patience_with_an_engine_is_a_minute() -> None:
    assert sum(ENGINE_PAUSES_S) == 60
