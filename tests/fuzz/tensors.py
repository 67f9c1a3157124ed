"""Requests of the Open Inference Protocol: JSON, binary tensors after it, and protobuf."""

import gzip
import json
from typing import Any

import numpy as np
from tritonclient.grpc import service_pb2 as pb

from limn.errors import LimnError
from service.errors import AnswerTimeout
from service.kserve import grpc_messages, http_messages
from service.kserve.messages import InferAnswer, InferRequest
from service.kserve.tensors import NUMPY_TYPES, NamedTensor, datatype_of, decode, encode
from service.problems import PROBLEMS
from tests.fuzz.samples import smallest
from tests.fuzz.standing import CANVAS, MODEL, standing
from tests.fuzz.target import Target

_MODELS = (MODEL, f"{MODEL}_parse", f"{MODEL}_photo")
_HTTP, _GRPC, _COMPRESSED = range(3)


def check(data: bytes) -> None:
    """Refused in our own words, or tensors that come out as they went in, and an answer to them.

    The first byte is the transport, the second the model; over HTTP a line follows with the length
    of the JSON, as its header would say it. What comes then is the body or the message.
    """
    transport, model = (data[0] % 3, data[1] % 3) if len(data) > 1 else (0, 0)
    rest = data[2:]
    if transport == _GRPC:
        _check_message(rest)
        return
    length, _, body = rest.partition(b"\n")
    encoding = b"gzip" if transport == _COMPRESSED else b""
    if not encoding:
        _check_body(body, length.decode("latin-1") or None)
    headers = ((b"inference-header-content-length", length), (b"content-encoding", encoding))
    answer = standing().post(
        f"/v2/models/{_MODELS[model]}/infer", b"", [pair for pair in headers if pair[1]], [body]
    )
    if answer.status != 200:
        assert isinstance(json.loads(answer.body)["error"], str), answer
        return
    known = answer.headers.get("inference-header-content-length")
    document = json.loads(answer.body[: None if known is None else int(known)])
    assert document["model_name"] == _MODELS[model]
    assert document["outputs"], answer


def _check_body(body: bytes, length: str | None) -> None:
    try:
        request = http_messages.read_request(body, length, MODEL, "")
    except LimnError as error:
        _check_told(error)
        return
    _check_tensors(request.infer)


def _check_message(message: bytes) -> None:
    try:
        request = grpc_messages.read_request(message)
    except LimnError as error:
        _check_told(error)
        return
    _check_tensors(request)
    try:
        answer = standing().run(standing().inference.infer(request))
    except LimnError as error:
        _check_told(error)
        return
    response = grpc_messages.write_answer(answer)
    read = pb.ModelInferResponse.FromString(response.SerializeToString())
    assert len(read.outputs) == len(read.raw_output_contents) == len(answer.outputs)


def _check_told(error: LimnError) -> None:
    """The client is at fault, or wanted the answer too soon."""
    status = PROBLEMS[type(error)].status
    assert status < 500 or isinstance(error, AnswerTimeout), error


def _check_tensors(request: InferRequest) -> None:
    """As raw bytes, and as a client reads an answer, each is what it was."""
    for tensor in request.inputs:
        assert tensor.array.dtype == NUMPY_TYPES[tensor.datatype], tensor
        assert min(tensor.array.shape) > 0, tensor
        if tensor.datatype == "BYTES":
            assert all(isinstance(element, bytes) for element in tensor.array.flat), tensor
            continue
        assert datatype_of(tensor.array) == tensor.datatype, tensor
        raw = encode(tensor.array)
        again = decode(tensor.name, tensor.datatype, tensor.array.shape, raw)
        assert again.array.tobytes() == tensor.array.tobytes(), tensor
        _check_answer(tensor)


def _check_answer(tensor: NamedTensor) -> None:
    """The same tensor as an output: read back from gRPC's answer it is what it was."""
    answer = InferAnswer(MODEL, 1, "", {tensor.name: tensor.array})
    response = grpc_messages.write_answer(answer)
    (output,), (raw,) = response.outputs, response.raw_output_contents
    again = decode(output.name, output.datatype, output.shape, raw)
    assert again.array.shape == tensor.array.shape
    assert again.array.tobytes() == tensor.array.tobytes(), tensor


def _json(*inputs: dict[str, Any], **members: Any) -> bytes:
    return json.dumps({"inputs": inputs, **members}).encode()


def _http(model: int, body: bytes, tail: bytes | None = None) -> bytes:
    length = b"" if tail is None else str(len(body)).encode()
    return bytes((_HTTP, model)) + length + b"\n" + body + (tail or b"")


def _grpc(model: int, *tensors: tuple[str, str, list[int], bytes], **members: Any) -> bytes:
    message = pb.ModelInferRequest(model_name=_MODELS[model], **members)
    for name, datatype, shape, raw in tensors:
        message.inputs.add(name=name, datatype=datatype, shape=shape)
        message.raw_input_contents.append(raw)
    return bytes((_GRPC, model)) + bytes(message.SerializeToString())


def _typed() -> bytes:
    message = pb.ModelInferRequest(model_name=_MODELS[2], id="7", model_version="1")
    tensor = message.inputs.add(name="photo", datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(smallest())
    message.parameters["flip"].bool_param = True
    message.parameters["scales"].double_param = 0.5
    message.parameters["boxes"].string_param = "[[0,0,5,5]]"
    message.parameters["timeout"].int64_param = 10**7
    message.outputs.add(name="labels")
    return bytes((_GRPC, 2)) + bytes(message.SerializeToString())


def _seeds() -> list[bytes]:
    pixels = np.zeros((1, 3, 16, 8), np.float32)
    few = {"name": "pixels", "shape": [1, 3, 1, 2], "datatype": "FP32", "data": [0.5] * 6}
    sized: dict[str, Any] = {"name": "pixels", "shape": list(pixels.shape), "datatype": "FP32"}
    sized["parameters"] = {"binary_data_size": pixels.nbytes}
    photo = len(smallest()).to_bytes(4, "little") + smallest()
    picture: dict[str, Any] = {"name": "photo", "shape": [1], "datatype": "BYTES"}
    picture["parameters"] = {"binary_data_size": len(photo)}
    nested = {"name": "x", "shape": [2, 2], "datatype": "UINT8", "data": [[1, 2], [3, 255]]}
    half = {"name": "x", "shape": [2], "datatype": "FP16", "data": [1, -0.0]}
    wishes = [{"name": "labels", "parameters": {"binary_data": True}}, {"name": "color"}]
    canvas = [1, *CANVAS, 3]
    plain = _json(few, half, id="a", parameters={"timeout": 10**6})
    return [
        _http(0, plain),
        _http(0, _json(nested), b""),
        _http(0, _json(sized, parameters={"binary_data_output": True}), pixels.tobytes()),
        _http(2, _json(picture, outputs=wishes), photo),
        _http(2, _json(picture, parameters={"flip": True, "label_set": "atr"}), photo),
        _http(2, _json({"name": "photo", "shape": [1], "datatype": "BYTES", "data": ["a\u00e9"]})),
        bytes((_COMPRESSED, 0)) + b"\n" + gzip.compress(plain, mtime=0),
        _grpc(0, ("pixels", "FP32", [1, 3, 16, 8], pixels.tobytes())),
        _grpc(1, ("canvas", "UINT8", canvas, bytes(CANVAS[0] * CANVAS[1] * 3)), id="9"),
        _grpc(2, ("photo", "BYTES", [1], photo)),
        _grpc(0, ("x", "FP16", [2], b"\x00\x3c\x00\xfc"), ("y", "UINT8", [1], b"\x05")),
        _typed(),
    ]


TARGET = Target(
    name="tensors",
    title="inference requests: JSON, binary tensor data, gzip, and gRPC's `ModelInferRequest`",
    check=check,
    seeds=_seeds,
    words=(
        *(b'"inputs":[', b'"outputs":[', b'"name":', b'"shape":[', b'"datatype":', b'"data":['),
        *(b'"parameters":{', b'"binary_data_size":', b'"binary_data":true', b'"id":'),
        *(b'"binary_data_output":true', b'"classification":1', b'"shared_memory_region":'),
        *(b'"BYTES"', b'"FP16"', b'"FP32"', b'"UINT8"', b'"INT64"', b'"timeout":', b'"boxes":'),
        *(b"NaN", b"Infinity", b"1e999", b"-1", b"2147483647", b"9" * 20, b"null", b"true"),
        *(
            b'"\\ud800"',
            b'"\\u0000"',
            b"[[[[",
            b"]]]]",
            b"{}",
            b"[]",
            b"pixels",
            b"photo",
            b"canvas",
        ),
        *(b"labels", b"color", b"scores", b"logits", b"baseline", b"_parse", b"_photo"),
        *(
            b"\x0a\x08",
            b"\x12\x01",
            b"\x2a",
            b"\x32",
            b"\x3a",
            b"\xff\xff\xff\xff\x0f",
            b"\x80\x01",
        ),
        *(b"BYTES", b"FP16", b"FP32", b"UINT8", b"\x1f\x8b\x08", b"scales", b"flip", b"label_set"),
    ),
    max_bytes=8_192,
)
