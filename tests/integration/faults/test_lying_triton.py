"""A Triton that answers, but wrongly: no mask comes of it, and the next right answer counts."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx2
import numpy as np
import pytest

from tests.fixtures import pictures
from tests.fixtures.fake_triton import (
    HEIGHT,
    LABEL,
    SHAPE,
    WIDTH,
    FakeTriton,
    Refusal,
    answer_of,
    fake_triton,
    honest_scores,
)
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.models import write_model, write_parser
from tests.integration.faults.asking import PATIENCE_S, check

RAW = honest_scores().tobytes()
DEADLINE_S = 1.0


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("parsers")
    write_parser(write_model(root))
    return root


@pytest.fixture(scope="module")
def triton() -> Iterator[FakeTriton]:
    with fake_triton() as fake:
        yield fake


@pytest.fixture(scope="module")
def shared(parsers: Path, triton: FakeTriton) -> Iterator[Gateway]:
    with gateway(
        parsers,
        engine="triton",
        triton_url=triton.grpc,
        triton_shared_memory="none",
        request_timeout_s=DEADLINE_S,
    ) as started:
        yield started


@pytest.fixture
def running(shared: Gateway, triton: FakeTriton) -> Iterator[Gateway]:
    """A gateway that answers right as soon as its Triton does."""
    yield shared
    triton.be_honest()
    require_served(shared)


def ask(running: Gateway) -> httpx2.Response:
    url = f"http://{running.http}/v1/parse"
    return httpx2.post(url, content=pictures.jpeg(), timeout=PATIENCE_S)


def require_served(running: Gateway) -> None:
    answer = ask(running)
    assert answer.status_code == 200, answer.text
    assert (pictures.png_indices(answer.content) == LABEL).all()


def refuse(code: grpc.StatusCode, text: str = "") -> Callable[[], Any]:
    def answer() -> Any:
        raise Refusal(code, text)

    return answer


def filled(value: float) -> bytes:
    scores = honest_scores()
    scores[0, 0, HEIGHT // 2, WIDTH // 2] = value
    return scores.tobytes()


@pytest.mark.parametrize(
    ("answer", "status", "slug"),
    [
        pytest.param(lambda: answer_of(RAW, (1, 20, WIDTH, HEIGHT)), 500, "", id="other-way-round"),
        pytest.param(lambda: answer_of(RAW, (20, HEIGHT, WIDTH)), 500, "", id="no-batch"),
        pytest.param(lambda: answer_of(RAW[:960], (1, 20, 4, 6)), 500, "", id="small-grid"),
        pytest.param(lambda: answer_of(RAW * 2, (2, *SHAPE[1:])), 500, "", id="two-for-one"),
        pytest.param(lambda: answer_of(RAW[: len(RAW) // 2]), 500, "", id="half-the-bytes"),
        pytest.param(lambda: answer_of(RAW + RAW), 500, "", id="twice-the-bytes"),
        pytest.param(lambda: answer_of(b""), 500, "", id="no-bytes"),
        pytest.param(lambda: answer_of(None), 500, "", id="nothing-raw"),
        pytest.param(lambda: answer_of(RAW, (2**40, 20, 4, 6)), 500, "", id="huge-batch"),
        pytest.param(lambda: answer_of(RAW * 2, datatype="FP32"), 500, "", id="fp32"),
        pytest.param(lambda: answer_of(RAW, datatype="INT16"), 500, "", id="int16"),
        pytest.param(lambda: answer_of(RAW, datatype="FP99"), 500, "", id="no-type"),
        pytest.param(lambda: answer_of(RAW, datatype="BYTES"), 500, "", id="bytes"),
        pytest.param(lambda: answer_of(RAW, name="labels"), 500, "", id="other-output"),
        pytest.param(lambda: b"", 500, "", id="empty-message"),
        pytest.param(lambda: answer_of(filled(np.nan)), 500, "", id="one-nan"),
        pytest.param(lambda: answer_of(filled(np.inf)), 500, "", id="one-infinity"),
        pytest.param(lambda: b"\xff" * 99, 500, "", id="no-message"),
        pytest.param(refuse(grpc.StatusCode.INTERNAL, "out of memory"), 500, "", id="internal"),
        pytest.param(refuse(grpc.StatusCode.UNKNOWN), 500, "", id="unknown"),
        pytest.param(refuse(grpc.StatusCode.NOT_FOUND), 503, "engine-unavailable", id="not-there"),
        pytest.param(refuse(grpc.StatusCode.UNAVAILABLE), 503, "engine-unavailable", id="away"),
        pytest.param(
            refuse(grpc.StatusCode.INVALID_ARGUMENT, "unexpected shape"),
            503,
            "engine-unavailable",
            id="another-model",
        ),
    ],
)
def test_answer_that_lies_is_a_failure(
    running: Gateway, triton: FakeTriton, answer: Callable[[], Any], status: int, slug: str
) -> None:
    triton.answer = answer

    refused = ask(running)

    document = check(refused, status, slug or "inference-failed")
    assert status == 503 or "detail" not in document


def test_answer_that_does_not_come_is_a_failure_in_time(
    running: Gateway, triton: FakeTriton
) -> None:
    triton.seconds = 3 * DEADLINE_S
    start = time.monotonic()

    refused = ask(running)

    assert refused.status_code in (503, 504), refused.text
    assert time.monotonic() - start < 2.5 * DEADLINE_S


def test_server_that_is_not_ready_makes_the_gateway_not_ready(
    running: Gateway, triton: FakeTriton
) -> None:
    triton.is_ready = False

    assert httpx2.get(f"http://{running.http}/readyz").status_code == 503
    assert httpx2.get(f"http://{running.http}/livez").status_code == 200


def test_server_of_another_model_is_not_asked(parsers: Path, triton: FakeTriton) -> None:
    triton.classes = 7
    asked = len(triton.asked)
    with gateway(parsers, engine="triton", triton_url=triton.grpc) as running:
        document = check(ask(running), 503, "engine-unavailable")
        triton.be_honest()

    assert "serves another baseline_parse" in document["detail"]
    assert len(triton.asked) == asked


def test_server_that_takes_no_memory_gets_tensors_in_messages(
    parsers: Path, triton: FakeTriton, caplog: pytest.LogCaptureFixture
) -> None:
    triton.takes_regions = False
    with gateway(parsers, engine="triton", triton_url=triton.grpc) as running:
        require_served(running)
    triton.be_honest()

    assert triton.asked[-1].raw_input_contents
    assert "memory not shared with Triton" in caplog.text
