"""The Open Inference Protocol over HTTP: JSON and gzip that are bombs, and tensors that lie."""

import gzip
import json
import struct
import zlib
from typing import Any

import numpy as np
import pytest

from tests.fixtures import pictures
from tests.integration.faults.asking import Service

HUGE = "9" * 4_000
LENGTH = "Inference-Header-Content-Length"
PIXELS = {"name": "pixels", "datatype": "FP32", "shape": [1, 3, 96, 64]}
PHOTO = {"name": "photo", "datatype": "BYTES", "shape": [1]}
COUNT = 3 * 96 * 64


def body(*inputs: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"inputs": inputs, **more}).encode()


def binary(size: object, **changes: Any) -> dict[str, Any]:
    return {**PIXELS, "parameters": {"binary_data_size": size}, **changes}


def infer(
    service: Service, content: bytes, model: str = "baseline", **headers: str
) -> tuple[int, str]:
    """Status, and the protocol's one line of an error."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = service.post(f"/v2/models/{model}/infer", content=content, headers=named)
    document = answer.json()
    assert list(document) == ["error"], answer.text[:300]
    return answer.status_code, document["error"]


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        pytest.param(b"", 400, "Invalid JSON", id="empty"),
        pytest.param(b"{", 400, "Invalid JSON", id="cut"),
        pytest.param(b"\xff\xfe{\0}\0", 400, "Invalid JSON", id="utf-16"),
        pytest.param(b"[]", 400, "object", id="list"),
        pytest.param(b"null", 400, "object", id="null"),
        pytest.param(b"[" * 500_000, 400, "recursion limit", id="deep-lists"),
        pytest.param(b'{"a":' * 100_000, 400, "recursion limit", id="deep-objects"),
        pytest.param(body(x=1), 400, "x: Extra", id="unknown-member"),
        pytest.param(b'{"inputs":[],"inputs":[]}', 400, "got none", id="member-twice"),
        pytest.param(
            b'{"inputs":[' + json.dumps(PIXELS).encode() + b'],"inputs":[]}',
            400,
            "got none",
            id="last-of-one-name-counts",
        ),
        pytest.param(b'{"inputs":' + HUGE.encode() + b"}", 400, "inputs", id="huge-integer"),
        pytest.param(b'{"id":"\\ud800","inputs":[]}', 400, "Invalid JSON", id="half-a-character"),
        pytest.param(body(id="x" * 2_000), 400, "id: String", id="long-id"),
        pytest.param(body(*[PIXELS] * 17), 400, "inputs: List", id="seventeen-inputs"),
        pytest.param(body(PIXELS | {"data": [0.0]}), 400, "its data are shaped", id="too-few"),
        pytest.param(body(PIXELS | {"data": [[]]}), 400, "its data are shaped", id="nothing"),
        pytest.param(body(PIXELS | {"data": [0] * COUNT, "x": 1}), 400, "x: Extra", id="more"),
        pytest.param(body(PIXELS | {"data": ["a"] * COUNT}), 400, "are numbers", id="texts"),
        pytest.param(body(PIXELS | {"data": [{}] * COUNT}), 400, "are numbers", id="objects"),
        pytest.param(body(PIXELS | {"data": [None] * COUNT}), 400, "no float32", id="nulls"),
        pytest.param(body(PIXELS | {"data": [1e300] * COUNT}), 400, "no float32", id="overflow"),
        pytest.param(body(PIXELS | {"data": [[1], [1, 2]]}), 400, "are numbers", id="ragged"),
        pytest.param(
            body(PIXELS | {"data": [0]}).replace(b"[0]", b"[" * 90 + b"]" * 90),
            400,
            "are numbers",
            id="ninety-dimensions",
        ),
        pytest.param(
            body(PIXELS | {"data": [0]}).replace(b"[0]", b"[%b]" % HUGE.encode()),
            400,
            "are numbers",
            id="element-of-4000-digits",
        ),
        pytest.param(
            body(PIXELS | {"data": [0]}).replace(b"96", HUGE.encode()),
            400,
            "sizes, each from 1",
            id="shape-of-4000-digits",
        ),
        pytest.param(
            body(PIXELS | {"shape": [2**31 - 1] * 4, "data": [0]}), 400, "shaped", id="shape-bomb"
        ),
        pytest.param(body(PIXELS | {"shape": [-1, 3, 96, 64]}), 400, "neither", id="any-batch"),
        pytest.param(
            body(PIXELS | {"shape": [0, 3, 96, 64], "data": []}), 400, "sizes, each", id="no-batch"
        ),
        pytest.param(body(PIXELS | {"shape": [], "data": [0]}), 400, "has 1 to 8", id="no-rank"),
        pytest.param(body(PIXELS | {"shape": [1] * 17}), 400, "shape: List", id="rank-17"),
        pytest.param(body(PIXELS | {"datatype": "FP99"}), 400, "neither", id="no-data"),
        pytest.param(
            body(PIXELS | {"datatype": "FP99", "data": [0]}), 400, "no model takes", id="no-type"
        ),
        pytest.param(
            body(PIXELS | {"data": [0] * COUNT}, parameters={"timeout": 0}),
            400,
            "timeout: is a whole number",
            id="no-time",
        ),
        pytest.param(
            body(PIXELS | {"data": [0] * COUNT}, parameters={"timeout": 1}).replace(
                b'"timeout": 1', b'"timeout": ' + b"9" * 1_000
            ),
            400,
            "timeout: is a whole number",
            id="time-of-a-thousand-digits",
        ),
        pytest.param(
            body(PIXELS | {"data": [0] * COUNT}, parameters={"x": 1}), 400, "no such", id="wish"
        ),
        pytest.param(
            body(PIXELS | {"data": [0] * COUNT}, outputs=[{"name": "logits"}] * 2),
            400,
            "named twice",
            id="output-twice",
        ),
        pytest.param(
            body(PIXELS | {"data": [0] * COUNT}, outputs=[{"name": "../logits"}]),
            400,
            "has no '../logits'",
            id="output-with-traversal",
        ),
    ],
)
def test_bad_json_is_refused(service: Service, content: bytes, status: int, message: str) -> None:
    seen, text = infer(service, content)

    assert (seen, message in text) == (status, True), text


@pytest.mark.parametrize(
    ("header", "rest", "length", "message"),
    [
        pytest.param(body(binary(4)), b"1234", None, "Invalid JSON", id="no-length"),
        pytest.param(body(binary(4)), b"1234", "0", "Invalid JSON", id="length-of-nothing"),
        pytest.param(body(binary(4)), b"1234", "99999", "the body has", id="length-too-long"),
        pytest.param(body(binary(4)), b"1234", "-1", "is no number", id="negative-length"),
        pytest.param(body(binary(4)), b"1234", "1e2", "is no number", id="length-with-exponent"),
        pytest.param(body(binary(4)), b"1234", HUGE, "the body has", id="length-of-4000-digits"),
        pytest.param(body(binary(4)), b"1234", "", "its shape takes", id="too-few-bytes"),
        pytest.param(body(binary(400)), b"1234", "", "4 are left", id="announced-too-many"),
        pytest.param(body(binary(2)), b"1234", "", "its shape takes", id="announced-too-few"),
        pytest.param(body(binary(2**62)), b"1234", "", "4 are left", id="announced-beyond-64-bits"),
        pytest.param(body(binary(-4)), b"1234", "", "is a number of bytes", id="negative-size"),
        pytest.param(body(binary("4")), b"1234", "", "is a number of bytes", id="size-as-text"),
        pytest.param(body(binary(True)), b"1", "", "is a number of bytes", id="size-as-truth"),
        pytest.param(body(binary(4, data=[0])), b"1234", "", "has both", id="both"),
        pytest.param(
            body(binary(4 * COUNT)),
            np.full(COUNT, np.nan, "<f4").tobytes(),
            "",
            "no float32",
            id="nan",
        ),
        pytest.param(
            body(binary(4 * COUNT)),
            np.full(COUNT, np.inf, "<f4").tobytes(),
            "",
            "no float32",
            id="infinity",
        ),
    ],
)
def test_binary_data_that_lies_is_refused(
    service: Service, header: bytes, rest: bytes, length: str | None, message: str
) -> None:
    headers = {} if length is None else {LENGTH: length or str(len(header))}

    status, text = infer(service, header + rest, **headers)

    assert (status, message in text) == (400, True), text


@pytest.mark.parametrize(
    "element",
    [
        pytest.param(b"", id="no-length"),
        pytest.param(b"\x04\0\0", id="half-a-length"),
        pytest.param(struct.pack("<I", 0), id="no-bytes"),
        pytest.param(struct.pack("<I", 9) + b"1234", id="longer-than-it-is"),
        pytest.param(struct.pack("<I", 2) + b"1234", id="shorter-than-it-is"),
        pytest.param(struct.pack("<I", 2**32 - 1) + b"1234", id="four-gigabytes"),
        pytest.param((struct.pack("<I", 1) + b"x") * 2, id="two-photos"),
    ],
)
def test_photo_whose_length_lies_is_refused(service: Service, element: bytes) -> None:
    header = body({**PHOTO, "parameters": {"binary_data_size": len(element)}})

    status, _ = infer(service, header + element, "baseline_photo", **{LENGTH: str(len(header))})

    assert status == 400


@pytest.mark.parametrize(
    ("content", "encoding", "status", "message"),
    [
        pytest.param(gzip.compress(bytes(50_000_000)), "gzip", 413, "decompressed too", id="bomb"),
        pytest.param(
            gzip.compress(gzip.compress(bytes(50_000_000))), "gzip", 400, "Invalid", id="nested"
        ),
        pytest.param(gzip.compress(b"{}"), "gzip, gzip", 400, "is not known", id="named-twice"),
        pytest.param(gzip.compress(b"{}")[:-1], "gzip", 400, "is cut off", id="cut-in-its-end"),
        pytest.param(gzip.compress(b"{}")[:5], "gzip", 400, "is cut off", id="cut-in-its-head"),
        pytest.param(gzip.compress(b"{}") + b"x", "gzip", 400, "something follows", id="more"),
        pytest.param(gzip.compress(b"{}") * 2, "gzip", 400, "something follows", id="two-members"),
        pytest.param(gzip.compress(b"{}"), "deflate", 400, "is not deflate", id="other-name"),
        pytest.param(zlib.compress(b"{}"), "gzip", 400, "is not gzip", id="other-stream"),
        pytest.param(b"{}", "gzip", 400, "is not gzip", id="plain"),
        pytest.param(b"", "gzip", 400, "is cut off", id="nothing"),
        pytest.param(b"{}", "br", 400, "is not known", id="brotli"),
        pytest.param(b"{}", "x" * 5_000, 400, "is not known", id="long-name"),
        pytest.param(gzip.compress(b"{}"), "", 400, "Invalid JSON", id="unnamed"),
    ],
)
def test_bad_compression_is_refused(
    service: Service, content: bytes, encoding: str, status: int, message: str
) -> None:
    seen, text = infer(service, content, content_encoding=encoding)

    assert (seen, message in text) == (status, True), text


def test_photo_in_gzip_is_answered(service: Service) -> None:
    photo = struct.pack("<I", len(pictures.jpeg())) + pictures.jpeg()
    header = body({**PHOTO, "parameters": {"binary_data_size": len(photo)}})

    answer = service.post(
        "/v2/models/baseline_photo/infer",
        content=gzip.compress(header + photo),
        headers={"content-encoding": "gzip", LENGTH: str(len(header))},
    )

    labels = answer.json()["outputs"][0]["data"]
    expected = pictures.png_indices(service.expected)
    assert np.array_equal(np.reshape(labels, expected.shape), expected)


def test_answer_in_json_has_no_nan(service: Service) -> None:
    # Finite, but their products are not.
    pixels = np.full(COUNT, 3e38, "<f4").tobytes()
    header = body(binary(len(pixels)))

    status, text = infer(service, header + pixels, **{LENGTH: str(len(header))})

    assert (status, "ask for `binary_data`" in text) == (400, True), text
