"""`boxes=auto`: persons are found and parsed, by every way to the service, and counted as such."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from limn.client import Client
from limn.errors import ContractError
from limn.wire import ParsedPhoto
from service.app import create_app
from service.settings import Settings
from tests.fixtures import pictures
from tests.fixtures.finders import write_finder
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.triton_client import Transport, connected

ON_CANVAS = [[36, 8, 52, 60], [12, 4, 28, 64]]
"""In the photo of 192x256 pixels, which lies on 48x64 of the canvas, from column 8 on: the boxes
(112, 32, 176, 240) and (16, 16, 80, 256), without a margin of 6.4 by 20.8 and 6.4 by 24 pixels."""
SCORES = [0.7, 0.9]
BOXES = [[9, 0, 87, 256], [105, 11, 183, 256]]
"""What is parsed, from left to right, rounded outwards."""


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_finder(tmp_path_factory.mktemp("finder") / "two", ON_CANVAS, SCORES)


@pytest.fixture(scope="module")
def running(repository: Path, finder: Path) -> Iterator[Gateway]:
    with gateway(repository, person_finder=finder) as started:
        yield started


@pytest.fixture(scope="module")
def nobody(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service whose finder finds nobody."""
    folder = write_finder(tmp_path_factory.mktemp("finder") / "none")
    with _app(repository, person_finder=folder) as client:
        yield client


def _app(repository: Path, **settings: Any) -> TestClient:
    values = {"model_repository": repository, "grpc_port": 0, "sessions": 1}
    checked = Settings.model_validate(values | settings)
    return TestClient(create_app(checked), raise_server_exceptions=False)


def ask(running: Gateway, **query: Any) -> httpx2.Response:
    url = f"http://{running.http}/v1/parse"
    return httpx2.post(url, params=query, content=pictures.png(), timeout=60)


def labels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture)


def test_persons_found_are_answered_from_left_to_right_with_margins(running: Gateway) -> None:
    answer = ask(running, boxes="auto", output="json")

    parsed = ParsedPhoto.model_validate_json(answer.content)
    assert [list(person.box) for person in parsed.persons] == BOXES
    assert [person.score for person in parsed.persons] == [0.9, 0.7]
    assert all(person.area > 0 for person in parsed.persons)


@pytest.mark.parametrize("output", ["mask", "color", "overlay", "npz"])
def test_answer_is_that_of_the_same_boxes_given_by_hand(running: Gateway, output: str) -> None:
    found = ask(running, boxes="auto", output=output)
    given = ask(running, boxes=json.dumps(BOXES), output=output)

    assert found.status_code == given.status_code == 200
    assert found.content == given.content
    assert json.loads(found.headers["X-Person-Boxes"]) == BOXES
    assert "X-Person-Boxes" not in given.headers


def test_boxes_given_by_hand_have_no_score(running: Gateway) -> None:
    (person,) = ask(running, boxes="[[0, 0, 50, 50]]", output="json").json()["persons"]

    assert "score" not in person


def test_photo_of_nobody_has_no_persons_and_a_mask_of_background(nobody: TestClient) -> None:
    def post(output: str) -> bytes:
        query = {"boxes": "auto", "output": output, "regions": "rle"}
        response = nobody.post("/v1/parse", content=pictures.png(), params=query)
        assert response.status_code == 200, response.text
        return response.content

    assert json.loads(post("json"))["persons"] == []
    assert labels(post("mask")).shape == (256, 192)
    assert not labels(post("mask")).any()
    assert np.array_equal(labels(post("overlay")), pictures.photo())
    with np.load(io.BytesIO(post("npz"))) as arrays:
        assert arrays["scores"].shape == (0, 20, 192, 128)
        assert arrays["boxes"].shape == arrays["content"].shape == (0, 4)


def test_finding_is_a_stage_of_its_own(running: Gateway) -> None:
    found, given = ask(running, boxes="auto"), ask(running)

    assert "find;dur=" in found.headers["Server-Timing"]
    assert "find" not in given.headers["Server-Timing"]


def test_metrics_count_the_persons_of_each_photo(repository: Path, finder: Path) -> None:
    with _app(repository, person_finder=finder) as client:
        for boxes in ("auto", "auto", "[[0, 0, 50, 50]]"):
            client.post("/v1/parse", content=pictures.png(), params={"boxes": boxes})
        exposed = client.get("/metrics").text

    assert "limn_persons_found_count 2.0" in exposed
    assert "limn_persons_found_sum 4.0" in exposed
    assert 'limn_stage_duration_seconds_count{stage="find"} 2.0' in exposed


@pytest.mark.parametrize(
    ("max_cost", "status"),
    [
        # One to find and three scales of each of two persons: 0.64 + 1 + 1.44 each.
        pytest.param(7.2, 200, id="enough"),
        pytest.param(7.1, 422, id="for one person alone"),
        pytest.param(4, 422, id="for nobody"),
    ],
)
def test_persons_count_as_work_once_they_are_found(
    repository: Path, finder: Path, max_cost: float, status: int
) -> None:
    with _app(repository, person_finder=finder, max_cost=max_cost) as client:
        query = {"boxes": "auto", "scales": "0.8,1,1.2"}
        response = client.post("/v1/parse", content=pictures.png(), params=query)
        after = client.get("/metrics").text

    assert response.status_code == status
    if status == 422:
        assert response.json()["type"] == "urn:limn:problem:too-costly"
    assert "limn_cost_units_in_flight 0.0" in after


def test_no_more_persons_are_parsed_than_boxes_may_be_asked_for(
    repository: Path, finder: Path
) -> None:
    with _app(repository, person_finder=finder, max_boxes=1) as client:
        query = {"boxes": "auto", "output": "json"}
        response = client.post("/v1/parse", content=pictures.png(), params=query)

    assert [person["box"] for person in response.json()["persons"]] == BOXES[:1]


def test_service_without_a_finder_says_so(repository: Path) -> None:
    with _app(repository, person_finder=None) as client:
        response = client.post("/v1/parse", content=pictures.png(), params={"boxes": "auto"})

    assert response.status_code == 404
    assert response.json()["type"] == "urn:limn:problem:not-offered"
    assert "LIMN_PERSON_FINDER" in response.json()["detail"]


def test_folder_without_a_finder_stops_the_start(repository: Path, tmp_path: Path) -> None:
    message = f"{tmp_path} has no contract.json of a person finder"

    with pytest.raises(ContractError, match=message), _app(repository, person_finder=tmp_path):
        pass


def test_photo_model_finds_persons(running: Gateway, transport: Transport) -> None:
    photo = {"photo": np.array([pictures.png()], dtype=object)}
    with connected(transport, running) as client:
        answer = client.infer("baseline_photo", photo, "labels", parameters={"boxes": "auto"})

    assert np.array_equal(answer.as_numpy("labels"), labels(ask(running, boxes="auto").content))


def test_batch_finds_persons_in_every_photo(running: Gateway) -> None:
    answer = httpx2.post(
        f"http://{running.http}/v1/parse/batch",
        files=[("image", pictures.png()), ("image", pictures.jpeg())],
        data={"boxes": "auto", "output": "json"},
        timeout=60,
    )

    items = answer.json()["items"]
    assert [len(item["result"]["persons"]) for item in items] == [2, 2]


def test_client_asks_for_persons_to_be_found(running: Gateway) -> None:
    with Client(f"http://{running.http}") as client:
        parsed = client.persons(pictures.png(), boxes="auto")

    assert [list(person.box) for person in parsed.persons] == BOXES
    assert parsed.persons[0].score == 0.9


@pytest.mark.parametrize("is_remote", [False, True], ids=["here", "by a service"])
def test_command_finds_persons(
    running: Gateway,
    repository: Path,
    finder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_remote: bool,
) -> None:
    monkeypatch.setenv("LIMN_MODEL_REPOSITORY", str(repository))
    monkeypatch.setenv("LIMN_PERSON_FINDER", str(finder))
    (tmp_path / "photo.png").write_bytes(pictures.png())
    where = ["--url", f"http://{running.http}"] if is_remote else []
    asked = ["parse", str(tmp_path / "photo.png"), "-o", str(tmp_path / "masks"), *where]

    result = CliRunner().invoke(app, [*asked, "--boxes", "auto"])

    assert result.exit_code == 0, result.output
    mask = (tmp_path / "masks" / "photo.png").read_bytes()
    assert np.array_equal(labels(mask), labels(ask(running, boxes="auto").content))
