"""Requests and answers in HTTP bodies: JSON, and the binary tensor data extension.

Open Inference Protocol v2, "Inference", and Triton's binary tensor data extension: the JSON comes
first, `Inference-Header-Content-Length` says where it ends, and the bytes of the tensors follow in
the order of those whose parameters state a `binary_data_size`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError

from limn.errors import InvalidParameter
from service.errors import BodyTooLarge, MalformedBody
from service.kserve.messages import InferAnswer, InferRequest, refuse_tensor_parameters
from service.kserve.tensors import NamedTensor, Tensor, datatype_of, decode, encode

HEADER_LENGTH = "Inference-Header-Content-Length"
MAX_JSON_BYTES = 8 * 2**20
"""Python's objects take twenty times the room of the text."""
MAX_JSON_ELEMENTS = 2**21

_BINARY_SIZE, _BINARY, _ALL_BINARY = "binary_data_size", "binary_data", "binary_data_output"
_MAX_TENSORS = 16

_Parameter = StrictBool | int | float | StrictStr
_Name = Annotated[str, Field(max_length=256)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: _Name
    parameters: dict[str, _Parameter] = {}


class _Input(_Part):
    shape: Annotated[list[int], Field(max_length=16)]
    datatype: Annotated[str, Field(max_length=16)]
    data: list[Any] | None = None


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(max_length=1024)] = ""
    parameters: dict[str, _Parameter] = {}
    inputs: Annotated[list[_Input], Field(max_length=_MAX_TENSORS)]
    outputs: Annotated[list[_Part], Field(max_length=_MAX_TENSORS)] = []


@dataclass(frozen=True)
class HttpRequest:
    """A request, and how its client wants the outputs.

    Attributes:
        binary: per output that was named with a wish; others follow `all_binary`.
    """

    infer: InferRequest
    binary: Mapping[str, bool]
    all_binary: bool


def read_request(body: bytes, header_length: str | None, model: str, version: str) -> HttpRequest:
    """A request from its whole body, decompressed.

    Args:
        header_length: value of `Inference-Header-Content-Length`, where it was sent.

    Raises:
        MalformedBody: the JSON or the lengths do not fit the protocol.
        BodyTooLarge: the JSON is longer than MAX_JSON_BYTES.
        InvalidParameter: a tensor does not hold together, or asks for what is not offered.
    """
    header, rest = _split(body, header_length)
    try:
        parsed = _Body.model_validate_json(header)
    except ValidationError as exc:
        fault = exc.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise MalformedBody(f"{place}: {fault['msg']}" if place else fault["msg"]) from exc
    for output in parsed.outputs:
        _refuse_others(output, _BINARY)
    all_binary = bool(parsed.parameters.pop(_ALL_BINARY, False))
    request = InferRequest(
        model=model,
        version=version,
        id=parsed.id,
        inputs=_read_inputs(parsed.inputs, rest),
        outputs=tuple(output.name for output in parsed.outputs),
        parameters=parsed.parameters,
    )
    wishes = {
        output.name: bool(output.parameters[_BINARY])
        for output in parsed.outputs
        if _BINARY in output.parameters
    }
    return HttpRequest(request, wishes, all_binary)


def write_answer(answer: InferAnswer, request: HttpRequest) -> tuple[bytes, int | None]:
    """The body, and the length of its JSON where bytes of tensors follow.

    Raises:
        InvalidParameter: an output is too large for JSON, or JSON cannot hold its values.
    """
    outputs, chunks = [], []
    for name, tensor in answer.outputs.items():
        output: dict[str, Any] = {
            "name": name,
            "datatype": datatype_of(tensor),
            "shape": list(tensor.shape),
        }
        if request.binary.get(name, request.all_binary):
            chunks.append(encode(tensor))
            output["parameters"] = {_BINARY_SIZE: len(chunks[-1])}
        else:
            output["data"] = _listed(name, tensor)
        outputs.append(output)
    document: dict[str, Any] = {
        "model_name": answer.model,
        "model_version": str(answer.version),
        "outputs": outputs,
    }
    if answer.id:
        document["id"] = answer.id
    header = json.dumps(document, separators=(",", ":")).encode()
    return b"".join([header, *chunks]), len(header) if chunks else None


def _split(body: bytes, header_length: str | None) -> tuple[bytes, memoryview]:
    length = len(body)
    if header_length is not None:
        if not header_length.isascii() or not header_length.isdecimal():
            raise MalformedBody(f"{HEADER_LENGTH} is no number: {header_length[:20]!r}")
        # Python refuses to read integers of thousands of digits.
        length = int(header_length[:20])
        if length > len(body):
            raise MalformedBody(f"{HEADER_LENGTH} is {length}; the body has {len(body)} bytes")
    if length > MAX_JSON_BYTES:
        raise BodyTooLarge(
            f"the JSON has {length} bytes, the limit is {MAX_JSON_BYTES}; send tensors as binary"
            f" data after it, with {HEADER_LENGTH}"
        )
    return body[:length], memoryview(body)[length:]


def _read_inputs(inputs: Sequence[_Input], rest: memoryview) -> tuple[NamedTensor, ...]:
    tensors, position = [], 0
    for tensor in inputs:
        _refuse_others(tensor, _BINARY_SIZE)
        size = tensor.parameters.get(_BINARY_SIZE)
        contents: memoryview | list[Any]
        if size is None:
            if tensor.data is None:
                raise InvalidParameter(tensor.name, f"has neither `data` nor `{_BINARY_SIZE}`")
            contents = tensor.data
        else:
            if tensor.data is not None:
                raise InvalidParameter(tensor.name, f"has both `data` and `{_BINARY_SIZE}`")
            if isinstance(size, bool) or not isinstance(size, int) or size < 0:
                raise InvalidParameter(tensor.name, f"`{_BINARY_SIZE}` is a number of bytes")
            if size > len(rest) - position:
                raise MalformedBody(
                    f"{tensor.name}: {size} bytes are announced, {len(rest) - position} are left"
                )
            contents = rest[position : position + size]
            position += size
        tensors.append(decode(tensor.name, tensor.datatype, tensor.shape, contents))
    if position != len(rest):
        raise MalformedBody(f"{len(rest) - position} bytes follow that belong to no input")
    return tuple(tensors)


def _refuse_others(part: _Part, known: str) -> None:
    refuse_tensor_parameters(part.name, part.parameters, (known,))


def _listed(name: str, tensor: Tensor) -> list[Any]:
    if tensor.size > MAX_JSON_ELEMENTS:
        raise InvalidParameter(
            "outputs",
            f"{name} has {tensor.size} elements, too many for JSON; ask for `{_BINARY}`",
        )
    if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
        raise InvalidParameter(
            "outputs",
            f"{name} has values that JSON has no numbers for; ask for `{_BINARY}`",
        )
    elements: list[Any] = tensor.ravel().tolist()
    return elements
