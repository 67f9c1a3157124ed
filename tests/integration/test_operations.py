import re
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

import limn
from limn.labels import LABEL_SETS
from tests.fixtures import pictures


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz"])
def test_health_is_ok(client: TestClient, path: str) -> None:
    assert client.get(path).json() == {"status": "ok"}


def test_version_is_that_of_the_package(client: TestClient) -> None:
    assert client.get("/version").json() == {"name": "limn", "version": limn.__version__}


def test_models_are_listed(client: TestClient) -> None:
    (model,) = client.get("/v1/models").json()["models"]

    assert model == client.get("/v1/models/baseline").json()
    assert (model["name"], model["version"], model["is_default"]) == ("baseline", 1, True)
    assert model["scales"]["1"] == model["canvas"] == [384, 256]


def test_label_sets_are_listed(client: TestClient) -> None:
    listed = client.get("/v1/label-sets").json()["label_sets"]

    assert [entry["name"] for entry in listed] == list(LABEL_SETS)
    lip = client.get("/v1/label-sets/lip").json()
    assert lip["classes"][13] == {"index": 13, "name": "face", "color": [0, 0, 255]}
    assert lip["left_right_pairs"] == [[14, 15], [16, 17], [18, 19]]


def test_answers_tell_where_the_time_went(client: TestClient) -> None:
    response = client.post("/v1/parse", content=pictures.jpeg())

    stages = dict(re.findall(r"(\w+);dur=([\d.]+)", response.headers["server-timing"]))
    assert list(stages) == ["decode", "canvas", "network", "fuse", "choose", "encode", "total"]
    assert all(float(milliseconds) > 0 for milliseconds in stages.values())


def test_request_id_is_kept_or_made(client: TestClient) -> None:
    kept = client.get("/livez", headers={"x-request-id": "abc-123"})
    made = client.get("/livez")
    unsafe = client.get("/livez", headers={"x-request-id": "a b;c"})

    assert kept.headers["x-request-id"] == "abc-123"
    assert re.fullmatch("[0-9a-f]{16}", made.headers["x-request-id"])
    assert unsafe.headers["x-request-id"] != "a b;c"


def test_metrics_count_requests_and_stages(client: TestClient) -> None:
    client.post("/v1/parse", content=pictures.jpeg())
    client.get("/wp-login.php")

    text = client.get("/metrics").text

    assert re.search(r'limn_requests_total{route="/v1/parse",status="200"} \d', text)
    assert 'route="unrouted",status="404"' in text
    assert "wp-login" not in text
    for stage in ("decode", "canvas", "network", "fuse", "choose", "encode"):
        assert f'limn_stage_duration_seconds_count{{stage="{stage}"}}' in text
    assert "limn_requests_in_flight 0.0" in text


def test_openapi_describes_parsing(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    operation = schema["paths"]["/v1/parse"]["post"]

    assert {"image/jpeg", "application/octet-stream", "multipart/form-data"} <= set(
        operation["requestBody"]["content"]
    )
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"image", "boxes", "scales", "output"} <= set(form["properties"])
    assert set(operation["responses"]["200"]["content"]) == {
        "image/png",
        "application/json",
        "application/octet-stream",
    }
    for status in ("400", "413", "415", "422", "429", "503", "504"):
        assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
    assert {parameter["name"] for parameter in operation["parameters"]} >= {"flip", "label_set"}


def test_home_is_a_page_that_runs_nothing_but_its_own_files(client: TestClient) -> None:
    response = client.get("/")

    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["x-content-type-options"] == "nosniff"
    policy = response.headers["content-security-policy"].split("; ")
    assert {"default-src 'self'", "img-src 'self' blob: data:"} <= set(policy)
    assert "unsafe" not in response.headers["content-security-policy"]
    for source in re.findall(r'(?:src|href)="([^"#]+)"', response.text):
        assert client.get(f"/{source}").status_code == 200


def test_documentation_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text

    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    for source in sources:
        assert source == "data:," or client.get(source).status_code == 200


def test_serving_loads_nothing_of_training() -> None:
    heavy = "{'torch', 'onnx', 'scipy', 'matplotlib', 'skimage'}"
    code = f"import sys, service.app, cli.main; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
