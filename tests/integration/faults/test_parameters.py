"""Parameters, names and paths that ask for what is not there, or for too much."""

from typing import Any

import pytest

from tests.fixtures import pictures
from tests.integration.faults.asking import Service, check

PHOTO = pictures.jpeg()
HUGE = "9" * 4_000


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param("", id="empty"),
        pytest.param("nope", id="no-json"),
        pytest.param("[]", id="no-box"),
        pytest.param("{}", id="object"),
        pytest.param("7", id="number"),
        pytest.param("null", id="null"),
        pytest.param("[[1,2,3]]", id="three-numbers"),
        pytest.param("[[1,2,3,4,5]]", id="five-numbers"),
        pytest.param("[1,2,3,4]", id="not-nested"),
        pytest.param("[[[1,2,3,4]]]", id="nested-too-deeply"),
        pytest.param('[["1","2","3","4"]]', id="texts"),
        pytest.param("[[true,false,true,true]]", id="truths"),
        pytest.param("[[null,0,9,9]]", id="null-coordinate"),
        pytest.param("[[NaN,0,9,9]]", id="nan"),
        pytest.param("[[0,0,Infinity,9]]", id="infinity"),
        pytest.param("[[-Infinity,0,9,9]]", id="minus-infinity"),
        pytest.param("[[0,0,1e999,9]]", id="float-that-overflows"),
        pytest.param(f"[[0,0,{HUGE},9]]", id="integer-of-4000-digits"),
        pytest.param(f"[[0,0,{HUGE * 2}]]", id="integer-that-python-refuses"),
        pytest.param("[[9,9,0,0]]", id="inverted"),
        pytest.param("[[5,0,5,9]]", id="no-width"),
        pytest.param("[[500,0,600,9]]", id="beside-the-photo"),
        pytest.param("[[0,300,9,400]]", id="below-the-photo"),
        pytest.param("[[-90,-90,-1,-1]]", id="before-the-photo"),
        pytest.param(str([[0, 0, 9, 9]] * 4), id="too-many"),
        pytest.param("[" * 15_000, id="deep"),
        pytest.param("[[0,0,9,9]" + "," * 15_000 + "]", id="commas"),
        pytest.param(" " * 20_001 + "[[0,0,9,9]]", id="long"),
        pytest.param("[[0,0,9,9]]\0", id="nul"),
    ],
)
def test_bad_boxes_are_refused(service: Service, boxes: str) -> None:
    by_query = service.post(content=PHOTO, params={"boxes": boxes})
    by_form = service.post(files={"image": ("a", PHOTO)}, data={"boxes": boxes})

    for answer in (by_query, by_form):
        document = check(answer, 422, "invalid-parameter")
        assert [error["field"] for error in document["errors"]] == ["boxes"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scales", ""),
        ("scales", "nan"),
        ("scales", "inf"),
        ("scales", "-1"),
        ("scales", "0"),
        ("scales", "1e999"),
        ("scales", "9"),
        ("scales", "1,x"),
        ("scales", "1,,1"),
        ("scales", "[1]"),
        ("scales", ",".join(["1"] * 9)),
        ("scales", "1" * 15_000),
        ("version", "one"),
        ("version", "0"),
        ("version", "-1"),
        ("version", "1.5"),
        ("version", HUGE * 2),
        ("alpha", "2"),
        ("alpha", "-0.1"),
        ("alpha", "nan"),
        ("alpha", "inf"),
        ("flip", "perhaps"),
        ("output", "gif"),
        ("output", "MASK"),
        ("regions", "svg"),
        ("timeout_ms", "0"),
        ("timeout_ms", HUGE),
        ("colour", "red"),
        ("__class__", "x"),
    ],
    ids=lambda value: value[:16] or "nothing",
)
def test_bad_parameter_is_named(service: Service, field: str, value: str) -> None:
    by_query = service.post(content=PHOTO, params={field: value})
    by_form = service.post(files={"image": ("a", PHOTO)}, data={field: value})

    for answer in (by_query, by_form):
        document = check(answer, 422, "invalid-parameter")
        assert [error["field"] for error in document["errors"]] == [field]


NAMES = [
    pytest.param("nope", id="unknown"),
    pytest.param("../baseline", id="traversal"),
    pytest.param("..\\..\\baseline", id="traversal-backwards"),
    pytest.param("baseline/../baseline", id="there-and-back"),
    pytest.param("/etc/passwd", id="absolute"),
    pytest.param("baseline/1", id="version-in-the-name"),
    pytest.param("baseline\0", id="nul"),
    pytest.param("baseline\r\nX: y", id="line-end"),
    pytest.param("Baseline", id="capital"),
    pytest.param("baseline ", id="space"),
    pytest.param("b\N{COMBINING DIAERESIS}aseline", id="combining"),
    pytest.param("\N{FULLWIDTH LATIN SMALL LETTER B}aseline", id="fullwidth"),
    pytest.param("\N{RIGHT-TO-LEFT OVERRIDE}enilesab", id="right-to-left"),
    pytest.param("%2e%2e%2fbaseline", id="encoded-twice"),
    pytest.param("${jndi:ldap://x}{{7*7}}%s%n", id="template"),
    pytest.param("a" * 8_000, id="long"),
]


@pytest.mark.parametrize("name", NAMES)
def test_name_that_is_not_served_is_not_found(service: Service, name: str) -> None:
    for_model = service.post(content=PHOTO, params={"model": name})
    for_labels = service.post(content=PHOTO, params={"label_set": name})

    check(for_model, 404, "unknown-model")
    check(for_labels, 404, "unknown-label-set")


@pytest.mark.parametrize("name", NAMES)
def test_name_in_a_path_is_not_found(service: Service, name: str) -> None:
    encoded = "".join(f"%{byte:02x}" for byte in name.encode())

    for path in (f"/v1/models/{encoded}", f"/v1/label-sets/{encoded}"):
        answer = service.get(path)
        assert answer.status_code == 404
        assert answer.json()["type"].rpartition(":")[2] in (
            "unknown-model",
            "unknown-label-set",
            "not-found",
        )
    metadata = service.get(f"/v2/models/{encoded}")
    assert (metadata.status_code, list(metadata.json())) == (404, ["error"])
    check(service.get(f"/static/{encoded}"), 404, "not-found")


@pytest.mark.parametrize(
    ("field", "value", "slug"),
    [("model", "nope", "unknown-model"), ("label_set", "cihp", "unknown-label-set")],
)
def test_name_in_a_form_is_not_found(service: Service, field: str, value: str, slug: str) -> None:
    check(service.post(files={"image": ("a", PHOTO)}, data={field: value}), 404, slug)


def test_version_that_is_not_there_is_not_found(service: Service) -> None:
    check(service.post(content=PHOTO, params={"version": "9"}), 404, "unknown-model")
    check(service.post(content=PHOTO, params={"version": HUGE}), 404, "unknown-model")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../service/app.py",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static//etc/passwd",
        "/static/",
        "/.env",
        "/v1/",
        "/v1/parse/",
        "/metrics/",
    ],
)
def test_other_paths_lead_nowhere(service: Service, path: str) -> None:
    answer = service.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    assert answer.split()[1] in (b"404", b"307"), answer[:200]


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"boxes": "[[-50,-50,5000,5000]]"}, id="box-around-the-photo"),
        pytest.param({"boxes": "[[0,0,1e9,1e9]]"}, id="box-of-a-billion-pixels"),
        pytest.param({"boxes": "[[191.5,255.5,192,256]]"}, id="box-of-the-last-pixel"),
        pytest.param({"boxes": "[[0,0,192,1e-300]]"}, id="box-of-one-row"),
        pytest.param({"boxes": "[[0,0,1,256]]"}, id="box-of-one-column"),
        pytest.param({"boxes": "[[0,0,9,9],[0,0,9,9],[0,0,9,9]]"}, id="one-box-three-times"),
        pytest.param({"boxes": "[[-0.0,0,9,9]]"}, id="minus-zero"),
        pytest.param({"scales": "0.25"}, id="smallest-scale"),
        pytest.param({"scales": "2", "flip": "true"}, id="largest-scale"),
        pytest.param({"scales": "1,1,1,1,1,1,1,1"}, id="one-scale-eight-times"),
        pytest.param({"scales": "+1.0e0"}, id="scale-with-exponent"),
        pytest.param({"alpha": "1e-320", "output": "overlay"}, id="denormal-alpha"),
        pytest.param({"output": "json", "regions": "polygons"}, id="polygons"),
        pytest.param({"output": "npz"}, id="npz"),
    ],
)
def test_odd_parameter_is_answered(service: Service, parameters: dict[str, Any]) -> None:
    answer = service.post(content=PHOTO, params=parameters)

    assert answer.status_code == 200, answer.text
    if "output" not in parameters:
        assert pictures.png_indices(answer.content).shape == pictures.photo().shape[:2]
