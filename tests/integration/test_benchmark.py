"""The benchmark server over HTTP: teams, archives good and bad, the leaderboard."""

import io
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

from limn.errors import InvalidParameter
from limn.labels import LIP
from service.benchmark.app import create_benchmark_app
from service.benchmark.leaderboard import Leaderboard
from service.benchmark.submission import MAX_MAP_BYTES
from service.benchmark.truth import find_truth

PER_DAY = 2
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

# Two pictures: one 4 wide and 2 high, one 3 by 3. 255 is not scored.
TRUTH = {
    "a": [[0, 0, 5, 5], [0, 0, 5, 255]],
    "b": [[0, 0, 0], [0, 9, 9], [9, 9, 9]],
}

Files = dict[str, bytes]


class Clock:
    """The server's time."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def png(labels: Any, mode: str = "L") -> bytes:
    picture = Image.fromarray(np.asarray(labels, np.uint8)).convert(mode)
    if mode == "P":
        picture = Image.fromarray(np.asarray(labels, np.uint8))
        picture.putpalette(LIP.palette.tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def good() -> Files:
    return {f"{name}.png": png(np.array(labels) % 255) for name, labels in TRUTH.items()}


def zipped(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def truth_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "lip" / "val_segmentations"
    folder.mkdir(parents=True)
    for name, labels in TRUTH.items():
        (folder / f"{name}.png").write_bytes(png(labels))
    return folder.parent


@pytest.fixture
def client(tmp_path: Path, truth_folder: Path, clock: Clock) -> Iterator[TestClient]:
    board = Leaderboard(tmp_path / "board.sqlite", PER_DAY)
    app = create_benchmark_app(find_truth(truth_folder, LIP), board, 1 << 20, clock)
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running


@pytest.fixture
def token(client: TestClient) -> str:
    answer = client.post("/v1/teams", json={"team": "Weavers"})
    assert answer.status_code == 201
    return str(answer.json()["token"])


@pytest.fixture
def submit(client: TestClient, token: str) -> Callable[..., httpx2.Response]:
    def send(archive: bytes | Files, method: str = "loom", auth: str | None = None) -> Any:
        data = archive if isinstance(archive, bytes) else zipped(archive)
        headers = {"Authorization": f"Bearer {token}" if auth is None else auth}
        files = {"archive": ("maps.zip", data, "application/zip")}
        return client.post("/v1/submissions", data={"method": method}, files=files, headers=headers)

    return send


Submit = Callable[..., Any]


def test_truth_itself_scores_100_percent(submit: Submit, client: TestClient) -> None:
    answer = submit(good())

    assert answer.status_code == 201
    entry = answer.json()
    assert (entry["team"], entry["method"]) == ("Weavers", "loom")
    assert entry["mean_iou"] == entry["pixel_accuracy"] == entry["mean_accuracy"] == 1
    assert entry["iou"]["pants"] == 1
    assert entry["iou"]["hat"] is None
    assert client.get("/v1/leaderboard").json() == [entry]


def test_score_by_hand(submit: Submit) -> None:
    files = good()
    # Of 16 scored pixels, one of background is called pants.
    files["a.png"] = png([[9, 0, 5, 5], [0, 0, 5, 5]])

    entry = submit(files).json()

    # Background 7 of 8; upper-clothes 3 of 3; pants 5 of 6.
    assert entry["mean_iou"] == pytest.approx((7 / 8 + 1 + 5 / 6) / 3)
    assert entry["pixel_accuracy"] == pytest.approx(15 / 16)


def test_palette_maps_in_a_folder_are_taken_as_limn_writes_them(submit: Submit) -> None:
    files = {f"maps/{name}.png": png(labels, "P") for name, labels in TRUTH.items()}
    files["maps/a.png"] = png(np.array(TRUTH["a"]) % 255, "P")
    files["__MACOSX/maps/._a.png"] = b"whatever"

    assert submit(files).json()["mean_iou"] == 1


def without(name: str) -> Files:
    return {other: data for other, data in good().items() if other != name}


@pytest.mark.parametrize(
    ("files", "file", "reason"),
    [
        pytest.param(without("b.png"), "archive", "there is no b.png", id="missing"),
        pytest.param(
            good() | {"c.png": png([[0]])}, "c.png", "no picture of that id", id="unknown"
        ),
        pytest.param(good() | {"a.txt": b"hello"}, "a.txt", "only PNG", id="suffix"),
        pytest.param(
            good() | {"x/a.png": png(TRUTH["a"])}, "x/a.png", "a.png is of the same", id="twice"
        ),
        pytest.param(
            good() | {"a.png": png([[0, 0, 0]])},
            "a.png",
            "it is 3x1; the picture is 4x2",
            id="size",
        ),
        pytest.param(
            good() | {"a.png": png([[0, 0, 20, 5], [0, 0, 5, 5]])},
            "a.png",
            "it holds 20; lip ends at 19",
            id="class",
        ),
        pytest.param(good() | {"a.png": png(TRUTH["a"], "RGB")}, "a.png", "mode RGB", id="colours"),
        pytest.param(
            good() | {"a.png": b"hello"}, "a.png", "no image that is known", id="no-picture"
        ),
        pytest.param(
            good() | {"a.png": good()["a.png"][:45]}, "a.png", "broken or cut off", id="cut-off"
        ),
        pytest.param(
            good() | {"a.png": bytes(MAX_MAP_BYTES + 1)}, "a.png", "the limit is", id="bomb"
        ),
    ],
)
def test_malformed_archive_is_rejected_by_file_and_reason(
    submit: Submit, client: TestClient, files: Files, file: str, reason: str
) -> None:
    answer = submit(files)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:limn:problem:submission-rejected"
    (error,) = problem["errors"]
    assert error["field"] == file
    assert reason in error["detail"]
    assert client.get("/v1/leaderboard").json() == []


def test_what_is_no_zip_is_rejected(submit: Submit) -> None:
    answer = submit(b"hello")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "archive"


def test_encrypted_file_is_rejected(submit: Submit) -> None:
    data = bytearray(zipped(good()))
    # Bit 0 of the flags, in the central directory's entry of the first file.
    data[data.index(b"PK\x01\x02") + 8] |= 1

    assert "encrypted" in submit(bytes(data)).json()["detail"]


def test_file_whose_bytes_are_damaged_is_rejected(submit: Submit) -> None:
    data = bytearray(zipped(good()))
    data[40:50] = bytes(10)

    assert submit(bytes(data)).status_code == 422


def test_day_has_its_limit_and_the_next_day_a_new_one(submit: Submit, clock: Clock) -> None:
    statuses = [submit(good()).status_code for _ in range(PER_DAY + 1)]
    clock.now = NOON + timedelta(hours=12)

    assert statuses == [201] * PER_DAY + [429]
    assert submit(good()).status_code == 201


def test_rejected_submission_is_not_counted(submit: Submit) -> None:
    for _ in range(PER_DAY):
        assert submit({}).status_code == 422

    assert submit(good()).status_code == 201


def test_limit_holds_for_requests_at_once(submit: Submit) -> None:
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: submit(good()).status_code, range(6)))

    assert sorted(statuses) == [201] * PER_DAY + [429] * 4


@pytest.mark.parametrize("auth", ["", "Bearer ", "Bearer wrong", "Basic abc"])
def test_submission_needs_a_token(submit: Submit, auth: str) -> None:
    answer = submit(good(), auth=auth)

    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:limn:problem:unknown-token"


def test_name_is_given_once(client: TestClient, token: str) -> None:
    answer = client.post("/v1/teams", json={"team": "Weavers"})

    assert answer.status_code == 409
    assert token not in answer.text


@pytest.mark.parametrize("name", ["", "<script>", "x" * 65, "two\nlines"])
def test_odd_names_are_refused(client: TestClient, name: str) -> None:
    assert client.post("/v1/teams", json={"team": name}).status_code == 422


def test_archive_has_a_size_limit(submit: Submit) -> None:
    assert submit(bytes(2 << 20)).status_code == 413


def test_better_submissions_come_first(submit: Submit, client: TestClient) -> None:
    worse = good() | {"b.png": png(np.zeros((3, 3)))}
    submit(worse, method="worse")
    submit(good(), method="better")

    assert [entry["method"] for entry in client.get("/v1/leaderboard").json()] == [
        "better",
        "worse",
    ]
    page = client.get("/").text
    assert page.index("better") < page.index("worse")
    assert "<td>100.00" in page


def test_board_outlives_the_server(
    submit: Submit, tmp_path: Path, truth_folder: Path, clock: Clock
) -> None:
    submit(good())
    board = Leaderboard(tmp_path / "board.sqlite", PER_DAY)
    app = create_benchmark_app(find_truth(truth_folder, LIP), board, 1 << 20, clock)

    with TestClient(app) as client:
        assert len(client.get("/v1/leaderboard").json()) == 1


def test_token_is_not_stored(client: TestClient, token: str, tmp_path: Path) -> None:
    assert token.encode() not in (tmp_path / "board.sqlite").read_bytes()


def test_folder_of_maps_alone_will_do(truth_folder: Path) -> None:
    assert set(find_truth(truth_folder / "val_segmentations", LIP).files) == {"a", "b"}


@pytest.mark.parametrize("folder", ["nowhere", "empty", "coloured"])
def test_truth_that_cannot_be_used_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "coloured").mkdir()
    colours: NDArray[np.uint8] = np.zeros((2, 2, 3), np.uint8)
    Image.fromarray(colours).save(tmp_path / "coloured" / "a.png")

    with pytest.raises(InvalidParameter, match="truth"):
        find_truth(tmp_path / folder, LIP)
