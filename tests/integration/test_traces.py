"""Spans as a collector gets them, by the protocol that it speaks."""

from pathlib import Path

import httpx2
import numpy as np
import pytest
import tritonclient.grpc as triton
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service.errors import NotOffered
from service.traces import Traces
from tests.fixtures import pictures
from tests.fixtures.collector import collecting
from tests.fixtures.gateway import Gateway, gateway

CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def attributes(span: Span) -> dict[str, str | int]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def ask_by_grpc(running: Gateway) -> None:
    photo = triton.InferInput("photo", [1], "BYTES")
    photo.set_data_from_numpy(np.array([pictures.jpeg()], dtype=object))
    with triton.InferenceServerClient(running.grpc) as client:
        client.infer("baseline_photo", [photo])


def test_request_and_its_stages_come_to_the_collector(repository: Path) -> None:
    with collecting() as (collector, endpoint):
        with gateway(repository, traces_endpoint=endpoint) as running:
            headers = {"traceparent": f"00-{CALLER[0]}-{CALLER[1]}-01", "x-request-id": "r1"}
            url = f"http://{running.http}/v1/parse"
            assert httpx2.post(url, content=pictures.jpeg(), headers=headers).status_code == 200
            httpx2.post(url, content=b"hello")
            ask_by_grpc(running)
        spans = collector.spans

    asked, refused, called = (span for span in spans if span.kind == Span.SPAN_KIND_SERVER)
    assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == CALLER
    assert asked.name == "POST /v1/parse"
    assert attributes(asked).items() >= {
        ("http.route", "/v1/parse"),
        ("http.request.method", "POST"),
        ("http.response.status_code", 200),
        ("limn.request_id", "r1"),
    }
    below = [span for span in spans if span.parent_span_id == asked.span_id]
    assert {span.name for span in below} == {
        f"limn.{name}" for name in ("decode", "canvas", "network", "fuse", "choose", "encode")
    }
    for span in below:
        assert asked.start_time_unix_nano <= span.start_time_unix_nano
        assert span.start_time_unix_nano <= span.end_time_unix_nano <= asked.end_time_unix_nano
    assert attributes(refused)["error.type"] == "unsupported-image"
    assert refused.status.code != refused.status.STATUS_CODE_ERROR
    assert (called.name, attributes(called)["rpc.method"]) == ("ModelInfer", "ModelInfer")
    assert collector.resources[0]["service.name"] == "limn"


def test_collector_that_is_away_costs_nothing(repository: Path) -> None:
    with gateway(repository, traces_endpoint="http://127.0.0.1:9/v1/traces") as running:
        answer = httpx2.post(f"http://{running.http}/v1/parse", content=pictures.jpeg())

    assert answer.status_code == 200


def test_traces_need_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.traces.find_spec", lambda name: None)

    with pytest.raises(NotOffered, match=r"limn\[traces\]"):
        Traces("http://127.0.0.1:9/v1/traces")
