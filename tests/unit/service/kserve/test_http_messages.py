import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limn.errors import InvalidParameter, LimnError
from service.errors import BodyTooLarge, MalformedBody
from service.kserve import http_messages
from service.kserve.http_messages import read_request, write_answer
from service.kserve.messages import InferAnswer

PAIR = {"name": "a", "shape": [2], "datatype": "UINT8"}


def body(document: Any, *chunks: bytes) -> tuple[bytes, str]:
    """A body with binary data, and the value of its length header."""
    header = json.dumps(document).encode()
    return b"".join([header, *chunks]), str(len(header))


def binary(size: object, **changes: object) -> dict[str, Any]:
    return {**PAIR, "parameters": {"binary_data_size": size}, **changes}


def test_json_and_binary_inputs_are_read_in_their_order() -> None:
    content, length = body(
        {
            "id": "7",
            "inputs": [binary(2), {**PAIR, "name": "b", "data": [3, 4]}, binary(2, name="c")],
            "outputs": [{"name": "y", "parameters": {"binary_data": True}}, {"name": "x"}],
            "parameters": {"flip": True, "scales": "1", "timeout": 5},
        },
        b"\1\2",
        b"\5\6",
    )

    request = read_request(content, length, "mman", "3")

    infer = request.infer
    assert [tensor.name for tensor in infer.inputs] == ["a", "b", "c"]
    assert [tensor.array.tolist() for tensor in infer.inputs] == [[1, 2], [3, 4], [5, 6]]
    assert (infer.model, infer.version, infer.id) == ("mman", "3", "7")
    assert infer.outputs == ("y", "x")
    assert infer.parameters == {"flip": True, "scales": "1", "timeout": 5}
    assert (request.binary, request.all_binary) == ({"y": True}, False)


def test_without_the_header_the_body_is_json() -> None:
    content, _ = body({"inputs": [{**PAIR, "data": [1, 2]}]})

    assert read_request(content, None, "mman", "").infer.inputs[0].array.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "length", "error", "message"),
    [
        pytest.param(b"{", None, MalformedBody, "Invalid JSON", id="no-json"),
        pytest.param(b"", None, MalformedBody, "Invalid JSON", id="empty"),
        pytest.param(b"\xff\xfe", None, MalformedBody, "Invalid JSON", id="no-utf8"),
        pytest.param(b"[" * 100_000, None, MalformedBody, "recursion limit", id="deep"),
        pytest.param(b"{}", None, MalformedBody, "inputs: Field required", id="no-inputs"),
        pytest.param(b"{}", "3", MalformedBody, "is 3; the body has 2 bytes", id="header-too-long"),
        pytest.param(b"{}", "-1", MalformedBody, "is no number", id="header-negative"),
        pytest.param(b"{}", "x", MalformedBody, "is no number", id="header-no-number"),
        pytest.param(b"{}", "9" * 5000, MalformedBody, "the body has 2", id="header-huge"),
        pytest.param(
            *body({"inputs": [binary(3)]}, b"12"), MalformedBody, "2 are left", id="data-missing"
        ),
        pytest.param(
            *body({"inputs": [binary(2)]}, b"123"), MalformedBody, "1 bytes follow", id="data-over"
        ),
        pytest.param(
            *body({"inputs": [binary(3)]}, b"123"), InvalidParameter, "takes 2", id="data-size"
        ),
        pytest.param(
            *body({"inputs": [binary("2")]}, b"12"), InvalidParameter, "number", id="size-text"
        ),
        pytest.param(
            *body({"inputs": [binary(True)]}, b"1"), InvalidParameter, "number", id="size-bool"
        ),
        pytest.param(
            *body({"inputs": [binary(-1)]}), InvalidParameter, "number", id="size-negative"
        ),
        pytest.param(
            *body({"inputs": [PAIR]}), InvalidParameter, "neither `data`", id="data-neither"
        ),
        pytest.param(
            *body({"inputs": [binary(2, data=[1, 2])]}, b"12"),
            InvalidParameter,
            "both `data`",
            id="data-both",
        ),
        pytest.param(
            *body({"inputs": [{**PAIR, "parameters": {"shared_memory_region": "r"}}]}),
            InvalidParameter,
            "no shared memory",
            id="shared-memory",
        ),
        pytest.param(
            *body({"inputs": [], "outputs": [{"name": "a", "parameters": {"classification": 3}}]}),
            InvalidParameter,
            "no classification",
            id="classification",
        ),
        pytest.param(
            *body({"inputs": [], "input": []}), MalformedBody, "input: Extra", id="unknown-member"
        ),
        pytest.param(*body({"inputs": [PAIR] * 17}), MalformedBody, "inputs: List", id="many"),
        pytest.param(
            *body({"inputs": [], "parameters": {"boxes": [[1, 2, 3, 4]]}}),
            MalformedBody,
            "parameters.boxes",
            id="list-as-parameter",
        ),
    ],
)
def test_bad_body_is_refused(
    content: bytes, length: str | None, error: type[LimnError], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_request(content, length, "mman", "")


@given(st.binary(max_size=200), st.none() | st.integers(0, 250).map(str))
def test_any_body_is_read_or_refused(content: bytes, length: str | None) -> None:
    with pytest.raises((MalformedBody, InvalidParameter)):
        read_request(content, length, "mman", "")


def test_json_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_messages, "MAX_JSON_BYTES", 10)

    with pytest.raises(BodyTooLarge, match="send tensors as binary"):
        read_request(b'{"inputs": []}', None, "mman", "")


def answer(found: dict[str, Any], **request: Any) -> tuple[bytes, int | None]:
    content, length = body({"inputs": [], **request})
    asked = read_request(content, length, "mman", "")
    return write_answer(InferAnswer("mman", 2, asked.infer.id, found), asked)


def test_answer_is_json_unless_binary_is_asked_for() -> None:
    scores = np.array([[0.5, 0.25]], np.float16)

    content, length = answer({"scores": scores}, id="7")

    assert length is None
    assert json.loads(content) == {
        "model_name": "mman",
        "model_version": "2",
        "id": "7",
        "outputs": [{"name": "scores", "datatype": "FP16", "shape": [1, 2], "data": [0.5, 0.25]}],
    }


def test_each_output_follows_its_own_wish_then_that_of_the_request() -> None:
    labels, color = np.array([7], np.uint8), np.array([1, 2], np.uint8)
    wishes = [{"name": "labels", "parameters": {"binary_data": False}}, {"name": "color"}]

    content, length = answer(
        {"labels": labels, "color": color}, outputs=wishes, parameters={"binary_data_output": True}
    )

    outputs = json.loads(content[:length])["outputs"]
    assert outputs[0]["data"] == [7]
    assert outputs[1]["parameters"] == {"binary_data_size": 2}
    assert content[length:] == b"\1\2"


def test_large_output_is_not_spelled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_messages, "MAX_JSON_ELEMENTS", 3)

    with pytest.raises(InvalidParameter, match="too many for JSON"):
        answer({"labels": np.zeros((2, 2), np.uint8)})
