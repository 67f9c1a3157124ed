"""The Open Inference Protocol over gRPC: messages that are none, and tensors that lie."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb

from tests.fixtures import pictures
from tests.integration.faults.asking import PATIENCE_S, Service, rest

METHOD = "/inference.GRPCInferenceService/"
SHAPE = (1, 3, 96, 64)
COUNT = 3 * 96 * 64


@pytest.fixture
def channel(service: Service) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(service.grpc) as opened:
        yield opened


def call(channel: grpc.Channel, message: bytes, method: str = "ModelInfer", **how: object) -> bytes:
    answer: bytes = channel.unary_unary(METHOD + method)(message, **({"timeout": PATIENCE_S} | how))
    return answer


def refusal(
    channel: grpc.Channel, message: bytes, method: str = "ModelInfer"
) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, message, method)
    return caught.value.code(), caught.value.details()


def request(
    shape: tuple[int, ...] = SHAPE,
    raw: bytes | None = bytes(4 * COUNT),
    datatype: str = "FP32",
    name: str = "pixels",
    model: str = "baseline",
    **more: object,
) -> pb.ModelInferRequest:
    message = pb.ModelInferRequest(model_name=model, **more)
    message.inputs.add(name=name, datatype=datatype, shape=shape)
    if raw is not None:
        message.raw_input_contents.append(raw)
    return message


def changed(edit: Callable[[pb.ModelInferRequest], object]) -> pb.ModelInferRequest:
    message = request()
    edit(message)
    return message


@pytest.mark.parametrize(
    ("message", "text"),
    [
        pytest.param(request((1, 3, 96, 65)), "its shape takes", id="shape-is-more"),
        pytest.param(request((1, 3, 96, 63)), "its shape takes", id="shape-is-less"),
        pytest.param(request((-1, 3, 96, 64)), "sizes, each from 1", id="any-batch"),
        pytest.param(request((-1, -3, 96, 64)), "sizes, each from 1", id="negative-twice"),
        pytest.param(request((0, 3, 96, 64), b""), "sizes, each from 1", id="no-batch"),
        pytest.param(request(()), "has 1 to 8 sizes", id="no-rank"),
        pytest.param(request((1,) * 9, bytes(4)), "has 1 to 8 sizes", id="rank-9"),
        pytest.param(request((2**63 - 1, 3, 96, 64)), "sizes, each from 1", id="64-bits"),
        pytest.param(request((2**31 - 1,) * 4), "its shape takes", id="product-beyond-64-bits"),
        pytest.param(request((2**16, 2**16, 2**16, 2**16), b""), "takes", id="product-is-0-in-64"),
        pytest.param(request((1, 3, 64, 96)), "multiples of", id="other-way-round"),
        pytest.param(request((1, 3, 6_144, 1)), "multiples of", id="one-column"),
        pytest.param(request((3, 96, 64)), "has shape [-1, 3, -1, -1]", id="rank-3"),
        pytest.param(request(datatype="FP64"), "no model takes", id="fp64"),
        pytest.param(request(datatype=""), "no model takes", id="no-type"),
        pytest.param(request(datatype="UINT8"), "its shape takes", id="uint8"),
        pytest.param(request(name="x"), "takes pixels; got 'x'", id="other-name"),
        pytest.param(request(name="x" * 500_000), "takes pixels; got 'xx", id="long-name"),
        pytest.param(pb.ModelInferRequest(model_name="baseline"), "got none", id="no-inputs"),
        pytest.param(request(raw=None), "its data are shaped", id="no-contents"),
        pytest.param(request(raw=b""), "its shape takes", id="empty-contents"),
        pytest.param(request(raw=np.full(COUNT, np.nan, "<f4").tobytes()), "no float32", id="nan"),
        pytest.param(
            changed(lambda message: message.raw_input_contents.append(b"x")),
            "1 inputs, 2 raw",
            id="two-contents",
        ),
        pytest.param(
            changed(lambda message: message.inputs.add(name="y")),
            "2 inputs, 1 raw",
            id="two-inputs",
        ),
        pytest.param(
            changed(lambda message: message.inputs[0].contents.fp32_contents.append(1)),
            "has both",
            id="raw-and-typed",
        ),
        pytest.param(
            changed(lambda message: message.outputs.add(name="x")), "has no 'x'", id="output"
        ),
        pytest.param(
            changed(lambda message: message.parameters["sequence_id"].Clear()), "", id="no-value"
        ),
        pytest.param(
            changed(
                lambda message: (
                    message.inputs[0]
                    .parameters["shared_memory_region"]
                    .MergeFrom(pb.InferParameter(string_param="/dev/shm/x"))
                )
            ),
            "no shared memory",
            id="shared-memory",
        ),
        pytest.param(
            changed(
                lambda message: message.parameters["timeout"].MergeFrom(
                    pb.InferParameter(double_param=float("nan"))
                )
            ),
            "timeout: is a whole number",
            id="time-that-is-nan",
        ),
        *(
            pytest.param(
                request((1,), raw, "BYTES", "photo", "baseline_photo"), "", id=f"photo-{name}"
            )
            for name, raw in {
                "without-length": b"",
                "of-half-a-length": b"\4\0\0",
                "of-nothing": struct.pack("<I", 0),
                "shorter-than-it-says": struct.pack("<I", 9) + b"1234",
                "longer-than-it-says": struct.pack("<I", 2) + b"1234",
                "of-four-gigabytes": struct.pack("<I", 2**32 - 1) + b"1234",
            }.items()
        ),
    ],
)
def test_tensor_that_lies_is_refused(
    channel: grpc.Channel, message: pb.ModelInferRequest, text: str
) -> None:
    code, details = refusal(channel, message.SerializeToString())

    assert (code, text in details) == (grpc.StatusCode.INVALID_ARGUMENT, True), details


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"\xff" * 50, id="noise"),
        pytest.param(request().SerializeToString()[:-10], id="cut"),
        pytest.param(b"\x0a\xff\xff\xff\xff\x0f", id="field-of-four-gigabytes"),
        pytest.param(b"\x0a" + b"\xff" * 10 + b"\x01", id="length-of-eleven-bytes"),
        pytest.param(b"\x0a\x02\xff\xfe", id="name-that-is-no-utf8"),
        pytest.param(b"\x0b" * 100, id="groups"),
        pytest.param(b"\x2a\x00" * 200_000, id="two-hundred-thousand-inputs"),
    ],
)
def test_message_that_is_none_is_refused(channel: grpc.Channel, message: bytes) -> None:
    assert refusal(channel, message)[0] is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("nope", ""),
        ("", ""),
        ("../baseline", ""),
        ("baseline\0", ""),
        ("baseline/versions/1", ""),
        ("\N{FULLWIDTH LATIN SMALL LETTER B}aseline", ""),
        ("a" * 500_000, ""),
        ("baseline", "../1"),
        ("baseline", "1\0"),
        ("baseline", "-1"),
        ("baseline", "01"),
        ("baseline", "9" * 5_000),
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_model_that_is_not_served_is_not_found(
    channel: grpc.Channel, name: str, version: str
) -> None:
    infer = request(model=name, model_version=version).SerializeToString()
    about = pb.ModelMetadataRequest(name=name, version=version).SerializeToString()

    assert refusal(channel, infer)[0] is grpc.StatusCode.NOT_FOUND
    assert refusal(channel, about, "ModelMetadata")[0] is grpc.StatusCode.NOT_FOUND


def test_too_much_beside_raw_contents_is_refused(channel: grpc.Channel) -> None:
    message = request(name="x" * 1_100_000)

    code, _ = refusal(channel, message.SerializeToString())

    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_method_that_is_none_is_unimplemented(channel: grpc.Channel) -> None:
    assert refusal(channel, b"", "../ModelInfer")[0] is grpc.StatusCode.UNIMPLEMENTED


def test_error_in_a_stream_leaves_it_open(channel: grpc.Channel) -> None:
    photo = struct.pack("<I", len(pictures.jpeg())) + pictures.jpeg()
    good = request((1,), photo, "BYTES", "photo", "baseline_photo").SerializeToString()
    bad = request((-1,)).SerializeToString()

    answers = list(
        channel.stream_stream(METHOD + "ModelStreamInfer")(
            iter([good, b"\xff", bad, good]), timeout=PATIENCE_S
        )
    )

    parsed = [pb.ModelStreamInferResponse.FromString(answer) for answer in answers]
    assert [bool(answer.error_message) for answer in parsed] == [False, True, True, False]
    assert parsed[0].infer_response.raw_output_contents == (
        parsed[3].infer_response.raw_output_contents
    )


def test_metadata_without_end_is_refused(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, b"", "ServerLive", metadata=[("x-a", "b" * 100_000)])

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert call(channel, b"", "ServerLive")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="http-1"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), id="tls"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100, id="frames-of-noise"),
        pytest.param(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\x06\4\0\0\0\0\0\0\3\xff\xff\xff\xff",
            id="settings-alone",
        ),
    ],
)
def test_port_of_grpc_bears_what_is_not_grpc(
    service: Service, channel: grpc.Channel, raw: bytes
) -> None:
    host, port = service.grpc.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.settimeout(0.5)
        connection.sendall(raw)
        # A connection that was opened rightly waits for frames, which never come.
        with suppress(TimeoutError):
            rest(connection)

    assert call(channel, b"", "ServerLive")


@pytest.mark.parametrize(
    "timeout",
    [
        pytest.param(1e-6, id="over-at-once"),
        pytest.param(0.0, id="none"),
        pytest.param(-1, id="past"),
    ],
)
def test_call_whose_time_is_over_is_given_up(channel: grpc.Channel, timeout: float) -> None:
    photo = struct.pack("<I", len(pictures.jpeg())) + pictures.jpeg()
    message = request((1,), photo, "BYTES", "photo", "baseline_photo").SerializeToString()

    with pytest.raises(grpc.RpcError) as caught:
        call(channel, message, timeout=timeout)

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_calls_that_are_cancelled_at_once_leave_nothing_behind(
    service: Service, channel: grpc.Channel
) -> None:
    photo = struct.pack("<I", len(pictures.jpeg())) + pictures.jpeg()
    message = request((1,), photo, "BYTES", "photo", "baseline_photo").SerializeToString()
    method = channel.unary_unary(METHOD + "ModelInfer")

    for _ in range(30):
        method.future(message).cancel()

    deadline = time.monotonic() + PATIENCE_S
    while "limn_requests_in_flight 0.0" not in service.get("/metrics").text:
        assert time.monotonic() < deadline, "requests of clients that have gone are in flight"
        time.sleep(0.02)
