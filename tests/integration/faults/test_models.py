"""Models that are broken, swapped, or lie: at the start, in a reload, and while they run."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from limn.contract import CONTRACT_FILE, sha256_of
from limn.labels import PPSS
from limn.promotion import PROMOTION_FILE
from service.app import create_app
from service.keys import create
from service.settings import Settings
from tests.fixtures import pictures
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.models import graph, write_model, write_parser
from tests.fixtures.odd_graphs import dark_graph, foreign_graph, nan_graph, outside_graph
from tests.fixtures.process import LIMN, process
from tests.integration.faults.asking import LOG_LINE, PATIENCE_S, check

Damage = Callable[[Path], object]


def edit(folder: Path, **changes: Any) -> None:
    path = folder / CONTRACT_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_labels(folder: Path, **changes: Any) -> None:
    labels = json.loads((folder / CONTRACT_FILE).read_text())["labels"]
    edit(folder, labels=labels | changes)


def replace_graph(folder: Path, data: bytes) -> None:
    """Another graph, with its hash in the contract."""
    (folder / "model.onnx").write_bytes(data)
    edit(folder, sha256=sha256_of(folder / "model.onnx"))


def truncate(folder: Path) -> None:
    data = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(data[: len(data) // 2])


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def swap(folder: Path) -> None:
    """The graph of another model in the place of its own."""
    (folder / "model.onnx").write_bytes(graph(len(PPSS)).SerializeToString())


DAMAGES = [
    pytest.param(truncate, "sha256 differs", id="half-a-graph"),
    pytest.param(swap, "sha256 differs", id="graph-of-another-model"),
    pytest.param(
        lambda folder: (folder / "model.onnx").unlink(), "has no model.onnx", id="no-graph"
    ),
    pytest.param(
        lambda folder: make_folder(folder / "model.onnx"),
        "has no model.onnx",
        id="folder-for-graph",
    ),
    pytest.param(
        lambda folder: (folder / CONTRACT_FILE).unlink(), "has no contract.json", id="no-contract"
    ),
    pytest.param(
        lambda folder: make_folder(folder / CONTRACT_FILE),
        "cannot be read",
        id="folder-for-contract",
    ),
    pytest.param(
        lambda folder: (folder / CONTRACT_FILE).write_bytes(b""),
        "Invalid JSON",
        id="empty-contract",
    ),
    pytest.param(
        lambda folder: (folder / CONTRACT_FILE).write_bytes(b"\xff\xfe\0"),
        "Invalid JSON",
        id="noise",
    ),
    pytest.param(
        lambda folder: (folder / CONTRACT_FILE).write_text("[" * 100_000), "Invalid JSON", id="deep"
    ),
    pytest.param(lambda folder: replace_graph(folder, b"no graph"), "cannot be loaded", id="text"),
    pytest.param(lambda folder: replace_graph(folder, b""), "cannot be loaded", id="empty-graph"),
    pytest.param(
        lambda folder: replace_graph(folder, graph().SerializeToString()[:-500]),
        "cannot be loaded",
        id="cut-graph-with-its-hash",
    ),
    pytest.param(
        lambda folder: replace_graph(folder, foreign_graph()), "cannot be loaded", id="operator"
    ),
    pytest.param(
        lambda folder: replace_graph(folder, outside_graph()),
        "cannot be loaded",
        id="weights-outside",
    ),
    pytest.param(
        lambda folder: replace_graph(folder, nan_graph().SerializeToString()),
        "answers what are no numbers",
        id="nan",
    ),
    pytest.param(
        lambda folder: replace_graph(folder, graph(7).SerializeToString()),
        "states 20 classes",
        id="fewer-classes",
    ),
    pytest.param(lambda folder: edit(folder, stride=4), "states logits", id="other-stride"),
    pytest.param(
        lambda folder: edit(folder, scales={"1": [384, 256], "half": [192, 128]}),
        "'half' is no number",
        id="scale-that-is-no-number",
    ),
    pytest.param(
        lambda folder: edit(folder, scales={"1": [384, 256], "0.50": [192, 128]}),
        "'0.50' is no number as",
        id="scale-that-is-never-found",
    ),
    pytest.param(lambda folder: edit(folder, std=[0, 1, 1]), "std.0", id="spread-of-nothing"),
    pytest.param(
        lambda folder: edit(folder, mean=[float("nan"), 0, 0]), "mean.0", id="mean-that-is-nan"
    ),
    pytest.param(
        lambda folder: edit_labels(folder, classes=["background"] * 20), "occurs twice", id="twins"
    ),
    pytest.param(
        lambda folder: edit_labels(folder, classes=[], palette=[]), "has 2 to 255", id="no-classes"
    ),
    pytest.param(lambda folder: edit(folder, name="other"), "contract of other", id="other-name"),
    pytest.param(
        lambda folder: (folder.parent / PROMOTION_FILE).write_text('{"served": 9}'),
        "promotes version 9",
        id="promotes-what-is-not-there",
    ),
    pytest.param(
        lambda folder: (folder.parent / PROMOTION_FILE).mkdir(), "cannot be read", id="promotion"
    ),
    pytest.param(
        lambda folder: write_parser(folder, network_sha256="0" * 64),
        "holds another network",
        id="parser-of-another-network",
    ),
]


@pytest.fixture(scope="module")
def own(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that the rows change."""
    return Path(shutil.copytree(repository, tmp_path_factory.mktemp("own") / "repository"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    return file, {"Authorization": f"Bearer {create(file, 'all', ['admin', 'parse'])}"}


@pytest.fixture(scope="module")
def shared(own: Path, key: tuple[Path, dict[str, str]]) -> Iterator[Gateway]:
    with gateway(own, keys_file=key[0]) as running:
        yield running


@pytest.fixture
def whole(own: Path, repository: Path) -> Iterator[Path]:
    """The folder of the model, which is whole again after the row."""
    yield own / "baseline" / "1"
    shutil.rmtree(own)
    shutil.copytree(repository, own)


@pytest.mark.parametrize(("damage", "message"), DAMAGES)
def test_reload_of_a_bad_model_changes_nothing(
    shared: Gateway, key: tuple[Path, dict[str, str]], whole: Path, damage: Damage, message: str
) -> None:
    def post(path: str, **more: Any) -> httpx2.Response:
        url = f"http://{shared.http}{path}"
        return httpx2.post(url, headers=key[1], timeout=PATIENCE_S, **more)

    before = post("/v1/parse", content=pictures.jpeg())
    damage(whole)

    refused = post("/v1/admin/reload")
    after = post("/v1/parse", content=pictures.jpeg())

    document = check(refused, 409, "reload-refused")
    assert message in document["detail"]
    assert after.status_code == 200
    assert after.content == before.content


@pytest.mark.parametrize(("damage", "message"), [DAMAGES[index] for index in (1, 5, 14, 17)])
def test_service_does_not_start_with_a_bad_model_and_says_why(
    whole: Path, damage: Damage, message: str
) -> None:
    damage(whole)
    ports = {"LIMN_HTTP_PORT": "0", "LIMN_GRPC_PORT": "0"}
    environment = {"LIMN_MODEL_REPOSITORY": str(whole.parents[1]), "PATH": "", **ports}

    done = subprocess.run(
        [sys.executable, LIMN, "serve"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode not in (0, -6, -9, -11)
    assert message in " ".join(done.stderr.split())


def test_photo_that_the_network_has_no_numbers_for_is_a_failure(tmp_path: Path) -> None:
    write_model(tmp_path, proto=dark_graph())
    app = create_app(Settings(model_repository=tmp_path, sessions=1, grpc_port=0))
    white = pictures.encoded(pictures.photo() * 0 + 255, "PNG")
    black = pictures.encoded(pictures.photo() * 0, "PNG")
    with TestClient(app, raise_server_exceptions=False) as client:
        answers = {
            output: client.post(f"/v1/parse?output={output}", content=black)
            for output in ("mask", "color", "overlay", "json", "npz")
        }
        batch = client.post(
            "/v1/parse/batch", files=[("image", ("a", white)), ("image", ("b", black))]
        )
        after = client.post("/v1/parse", content=white)

    for answer in answers.values():
        check(answer, 500, "inference-failed")
    assert [item["status"] for item in batch.json()["items"]] == [200, 500]
    assert after.status_code == 200


def test_failure_of_the_network_is_in_the_log_with_its_reason(tmp_path: Path) -> None:
    write_model(tmp_path, proto=dark_graph())
    with process(tmp_path) as running:
        black = pictures.encoded(pictures.photo() * 0, "PNG")
        refused = httpx2.post(f"http://{running.http}/v1/parse", content=black)
        running.signal(signal.SIGTERM)
        assert running.wait() == 0

    check(refused, 500, "inference-failed")
    assert "ERROR:    InferenceFailed: the network answers what are no numbers" in running.log
    assert [line for line in running.lines if not LOG_LINE.fullmatch(line)] == []


def test_unexpected_failure_says_nothing_of_itself(
    repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret path")

    app = create_app(Settings(model_repository=repository, sessions=1, grpc_port=0))
    with TestClient(app, raise_server_exceptions=False) as client:
        with monkeypatch.context() as patch:
            patch.setattr(app.state.serving.current.pipeline, "_prepare", fail)
            response = client.post("/v1/parse", content=pictures.jpeg())
        after = client.post("/v1/parse", content=pictures.jpeg())

    check(response, 500, "internal")
    assert "secret" not in response.text
    assert "a secret path" in caplog.text
    assert after.status_code == 200
