import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import service_pb2 as pb

from limn.errors import InvalidParameter, LimnError
from service.errors import BodyTooLarge, MalformedBody
from service.kserve.grpc_messages import read_request, write_answer
from service.kserve.messages import InferAnswer
from service.kserve.tensors import Tensor
from service.kserve.wire import MAX_TYPED_BYTES


def message(**members: object) -> pb.ModelInferRequest:
    return pb.ModelInferRequest(model_name="mman", **members)


def tensor(datatype: str = "UINT8", **members: object) -> pb.ModelInferRequest.InferInputTensor:
    return pb.ModelInferRequest.InferInputTensor(name="a", datatype=datatype, shape=[2], **members)


def test_raw_contents_are_read() -> None:
    sent = message(model_version="3", id="7", inputs=[tensor()], raw_input_contents=[b"\1\2"])
    sent.parameters["flip"].bool_param = True
    sent.parameters["scales"].string_param = "1"
    sent.outputs.add(name="labels")

    request = read_request(sent.SerializeToString())

    assert request.inputs[0].array.tolist() == [1, 2]
    assert (request.model, request.version, request.id) == ("mman", "3", "7")
    assert request.parameters == {"flip": True, "scales": "1"}
    assert request.outputs == ("labels",)


@pytest.mark.parametrize(
    ("datatype", "contents", "expected"),
    [
        ("UINT8", pb.InferTensorContents(uint_contents=[1, 255]), [1, 255]),
        ("FP32", pb.InferTensorContents(fp32_contents=[0.5, -2]), [0.5, -2]),
        ("BYTES", pb.InferTensorContents(bytes_contents=[b"\xff", b""]), [b"\xff", b""]),
    ],
)
def test_typed_contents_are_read(
    datatype: str, contents: pb.InferTensorContents, expected: list[object]
) -> None:
    request = read_request(
        message(inputs=[tensor(datatype, contents=contents)]).SerializeToString()
    )

    assert request.inputs[0].array.tolist() == expected


def test_answer_is_raw_and_in_order() -> None:
    outputs: dict[str, Tensor] = {
        "labels": np.array([[7]], np.uint8),
        "scores": np.array([1], np.float16),
    }

    response = write_answer(InferAnswer("mman", 2, "7", outputs))

    assert (response.model_name, response.model_version, response.id) == ("mman", "2", "7")
    assert [(output.name, output.datatype) for output in response.outputs] == [
        ("labels", "UINT8"),
        ("scores", "FP16"),
    ]
    assert list(response.outputs[0].shape) == [1, 1]
    assert list(response.raw_output_contents) == [b"\7", b"\0\x3c"]


def shared(part: pb.ModelInferRequest.InferInputTensor) -> pb.ModelInferRequest:
    part.parameters["shared_memory_region"].string_param = "region"
    return message(inputs=[part])


def valueless() -> pb.ModelInferRequest:
    sent = message(inputs=[tensor()], raw_input_contents=[b"12"])
    sent.parameters["flip"].SetInParent()
    return sent


@pytest.mark.parametrize(
    ("sent", "error", "text"),
    [
        pytest.param(
            message(inputs=[tensor()], raw_input_contents=[b"12", b"34"]),
            MalformedBody,
            "1 inputs, 2 raw",
            id="counts",
        ),
        pytest.param(
            message(
                inputs=[tensor(contents=pb.InferTensorContents(uint_contents=[1, 2]))],
                raw_input_contents=[b"12"],
            ),
            InvalidParameter,
            "both",
            id="both",
        ),
        pytest.param(message(inputs=[tensor()]), InvalidParameter, "shaped", id="nothing"),
        pytest.param(message(inputs=[tensor("FP16")]), InvalidParameter, "shaped", id="fp16-typed"),
        pytest.param(message(inputs=[tensor("INT8")]), InvalidParameter, "no model", id="datatype"),
        pytest.param(shared(tensor()), InvalidParameter, "no shared memory", id="shared-memory"),
        pytest.param(valueless(), InvalidParameter, "has no value", id="no-value"),
    ],
)
def test_bad_message_is_refused(
    sent: pb.ModelInferRequest, error: type[LimnError], text: str
) -> None:
    with pytest.raises(error, match=text):
        read_request(sent.SerializeToString())


@pytest.mark.parametrize(
    ("encoded", "error", "text"),
    [
        pytest.param(b"\x2a\x00" * 200, MalformedBody, "more than 128", id="inputs"),
        pytest.param(b"\x3a\x00" * 200, MalformedBody, "more than 128", id="raw"),
        pytest.param(b"\x2a\x7f", MalformedBody, "cut off", id="length"),
        pytest.param(b"\x2a", MalformedBody, "cut off", id="no-length"),
        pytest.param(b"\xff" * 20, MalformedBody, "no ModelInferRequest", id="varint"),
        pytest.param(b"\x0b\x0c", MalformedBody, "no ModelInferRequest", id="group"),
        pytest.param(b"\x0a\x01\xff", MalformedBody, "no ModelInferRequest", id="no-utf8"),
        pytest.param(
            message(id="x" * (MAX_TYPED_BYTES + 1)).SerializeToString(),
            BodyTooLarge,
            "send tensors there",
            id="typed",
        ),
    ],
)
def test_bytes_that_are_no_request_are_refused_before_they_are_parsed(
    encoded: bytes, error: type[LimnError], text: str
) -> None:
    with pytest.raises(error, match=text):
        read_request(encoded)


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(encoded: bytes) -> None:
    with contextlib.suppress(MalformedBody, InvalidParameter):
        read_request(encoded)
