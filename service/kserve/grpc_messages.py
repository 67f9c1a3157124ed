"""Requests and answers as protobuf messages of `inference.GRPCInferenceService`."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.message import DecodeError
from tritonclient.grpc import service_pb2 as pb

from limn.errors import InvalidParameter
from service.errors import MalformedBody
from service.kserve.messages import (
    InferAnswer,
    InferRequest,
    Parameters,
    refuse_tensor_parameters,
)
from service.kserve.tensors import NamedTensor, datatype_of, decode, encode
from service.kserve.wire import check_fields

_TYPED = {"BYTES": "bytes_contents", "FP32": "fp32_contents", "UINT8": "uint_contents"}
"""Where elements are when they are not raw; FP16 has no place there."""


def read_request(encoded: bytes) -> InferRequest:
    """A request from the bytes of a `ModelInferRequest`, its tensors raw or typed.

    Raises:
        MalformedBody: it is no such message, or raw contents and inputs do not match in number.
        BodyTooLarge: there is too much beside raw contents.
        InvalidParameter: a tensor does not hold together, or asks for what is not offered.
    """
    check_fields(encoded)
    try:
        message = pb.ModelInferRequest.FromString(encoded)
    except DecodeError as exc:
        raise MalformedBody("the message is no ModelInferRequest") from exc
    raw: Sequence[bytes] = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        raise MalformedBody(f"{len(message.inputs)} inputs, {len(raw)} raw_input_contents")
    for part in (*message.inputs, *message.outputs):
        refuse_tensor_parameters(part.name, _parameters(part.parameters))
    return InferRequest(
        model=message.model_name,
        version=message.model_version,
        id=message.id,
        inputs=tuple(
            _tensor(tensor, raw[index] if raw else None)
            for index, tensor in enumerate(message.inputs)
        ),
        outputs=tuple(output.name for output in message.outputs),
        parameters=_parameters(message.parameters),
    )


def write_answer(answer: InferAnswer) -> pb.ModelInferResponse:
    """A `ModelInferResponse`, its outputs raw."""
    response = pb.ModelInferResponse(
        model_name=answer.model, model_version=str(answer.version), id=answer.id
    )
    for name, tensor in answer.outputs.items():
        response.outputs.add(name=name, datatype=datatype_of(tensor), shape=tensor.shape)
        response.raw_output_contents.append(encode(tensor))
    return response


def _tensor(tensor: pb.ModelInferRequest.InferInputTensor, raw: bytes | None) -> NamedTensor:
    contents: bytes | Sequence[Any]
    if raw is not None:
        if tensor.HasField("contents"):
            raise InvalidParameter(tensor.name, "has both `contents` and raw_input_contents")
        contents = raw
    else:
        place = _TYPED.get(tensor.datatype)
        contents = getattr(tensor.contents, place) if place else ()
    return decode(tensor.name, tensor.datatype, tensor.shape, contents)


def _parameters(sent: Mapping[str, Any]) -> Parameters:
    found: dict[str, bool | int | float | str] = {}
    for name, value in sent.items():
        choice = value.WhichOneof("parameter_choice")
        if choice is None:
            raise InvalidParameter(name, "has no value")
        found[name] = getattr(value, choice)
    return found
