"""The load tests as black-box clients of running servers."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from export.triton.local import LocalTriton
from loadtests.carriers import Wire, memory
from loadtests.hop import main as hop
from loadtests.inputs import astronaut, make_inputs
from loadtests.server import TRANSPORTS, Array, Server, Transport
from tests.fixtures.gateway import Gateway, gateway

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def running(repository: Path) -> Iterator[Gateway]:
    with gateway(repository) as started:
        yield started


def concurrency(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loadtests.concurrency", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_concurrency_measures_the_gateway(running: Gateway, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"

    done = concurrency(
        *("--url", running.grpc, "--model", "baseline_parse", "--outputs", "labels"),
        *("--batch", "2", "--concurrency", "1:2", "--seconds", "1", "--json", figures),
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text())["results"]
    assert [result["concurrency"] for result in found] == [1, 2]
    for result in found:
        assert result["requests"] > 0
        assert result["inferences_per_second"] == 2 * result["requests_per_second"]
        assert 0 < result["latency_ms"]["p50"] <= result["latency_ms"]["p99"]
        assert result["errors"] == {}
    assert f"| limn 0.1.0 at {running.grpc} | 2 |" in done.stdout


def test_concurrency_counts_errors_and_exits_with_1(repository: Path, tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(astronaut())
    with gateway(repository, max_in_flight=1) as narrow:
        done = concurrency(
            *("--url", narrow.http, "--protocol", "http", "--model", "baseline_photo"),
            *("--concurrency", "4", "--seconds", "1", "--input-file", file),
        )

    assert done.returncode == 1, done.stderr
    assert " x 429: " in done.stdout


def test_shared_memory_that_is_not_offered_is_said(running: Gateway) -> None:
    done = concurrency(
        *("--url", running.grpc, "--model", "baseline_parse", "--shared-memory", "system")
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {running.grpc} shares no memory: not offered")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_shared_memory_carries_what_the_wire_does(
    transport: Transport, triton: LocalTriton
) -> None:
    async def both() -> tuple[dict[str, Array], dict[str, Array]]:
        async with Server(transport, getattr(triton, transport)) as server:
            model = await server.model("baseline_parse")
            inputs = make_inputs(model, 2, {}, astronaut())
            by_wire = await Wire(server, model.name, ["labels", "scores"]).ask(inputs)
            async with memory(server, model.name, inputs, by_wire) as carrier:
                found = await carrier.ask(inputs)
                return by_wire, {name: array.copy() for name, array in found.items()}

    expected, found = asyncio.run(both())

    assert found.keys() == {"labels", "scores"}
    for name, array in found.items():
        np.testing.assert_array_equal(array, expected[name])


def test_hop_is_a_small_part_of_the_time(triton: LocalTriton, tmp_path: Path) -> None:
    page = tmp_path / "hop.md"

    status = hop(["--url", triton.grpc, "--model", "baseline", "--rounds", "1", "--out", str(page)])

    assert status == 0
    rows = [line for line in page.read_text().splitlines() if line.startswith(("| raw", "| la"))]
    assert len(rows) == 8
