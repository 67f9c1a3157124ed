"""The benchmark from end to end: Limn and a peer that needs nothing beyond our environment."""

import asyncio
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.bench.__main__ import collect
from loadtests.bench.agreement import Disagreement
from loadtests.bench.models import copy_model
from loadtests.bench.null_model import write_null_model
from loadtests.bench.roster import LIMN, PEERS, Launch, Peer, Program
from loadtests.bench.rounds import Bench
from loadtests.bench.trial import Document, Plan
from loadtests.inputs import portrait
from loadtests.server import CannotMeasure

ROOT = Path(__file__).resolve().parents[2]
HAND_WRITTEN = PEERS["fastapi_onnxruntime"]

LIAR = """
import http.server, io, os
from PIL import Image
picture = Image.new("P", (512, 1024), 3)
picture.putpalette(bytes(768))
answer = io.BytesIO()
picture.save(answer, "PNG")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer.getvalue())))
        self.end_headers()
        self.wfile.write(answer.getvalue())
http.server.HTTPServer(("127.0.0.1", {port}), Handler).serve_forever()
"""


def graph(repository: Path) -> Path:
    return repository / "baseline/1/model.onnx"


def bench(repository: Path, work: Path, peer: Peer) -> Bench:
    real = copy_model(graph(repository), work / "real")
    return Bench(
        peers=dict.fromkeys((LIMN, peer), Path(sys.executable)),
        real=real,
        null=write_null_model(real, work / "null"),
        photo=portrait(),
        work=work / "logs",
        plan=Plan(0.3, (1, 2), (0.8,)),
        rng=random.Random(0),
        overloads=True,
    )


@pytest.mark.slow
def test_page_and_figures_are_written(repository: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "loadtests.bench", "--quick", "--here"),
            *("--rounds", "1", "--seconds", "0.5", "--peers", HAND_WRITTEN.name),
            *("--model-file", graph(repository), "--out", tmp_path),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "bench.json").read_text())
    assert {turn["peer"] for turn in found["turns"]} == {"limn", HAND_WRITTEN.name}
    for turn in found["turns"]:
        assert turn["agreement"] >= 0.999
        assert turn["ceiling"]["photos_per_second"] > turn["maximum"] > 0
        assert [entry["in_flight"] for entry in turn["closed"]] == [1, 2]
        for entry in turn["closed"] + turn["null"]:
            assert entry["errors"] == {}
            assert entry["cpu_ms_per_photo"] > entry["client_cpu_ms_per_photo"] > 0
    assert "| FastAPI + ONNX Runtime | 2 |" in (tmp_path / "bench.md").read_text()
    assert (tmp_path / "bench.png").exists()


def test_overload_is_refused_by_limn_and_survived(repository: Path, tmp_path: Path) -> None:
    turns: list[Document] = []
    asyncio.run(collect(bench(repository, tmp_path, LIMN), 1, turns))

    (limn,) = turns
    overload = limn["overload"]
    assert overload["offered"] > overload["answers"] > 0
    assert set(overload["errors"]) == {"Status: 429"}
    assert overload["recovery_s"] < 5


def test_peer_that_lies_is_refused_before_anything_is_timed(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def programs(launch: Launch) -> list[Program]:
        return [Program([launch.python, "-c", LIAR.replace("{port}", str(launch.port))])]

    liar = replace(HAND_WRITTEN, name="liar", title="A liar", programs=programs)

    with pytest.raises(Disagreement, match=r"^A liar is refused: .* of its pixels are Limn's"):
        asyncio.run(collect(bench(repository, tmp_path, liar), 1, []))

    assert "round 1" not in capsys.readouterr().err


def test_peer_that_does_not_start_is_told_with_its_words(repository: Path, tmp_path: Path) -> None:
    def programs(launch: Launch) -> list[Program]:
        return [Program([launch.python, "-c", "raise SystemExit('out of memory')"])]

    broken = replace(HAND_WRITTEN, title="A peer", programs=programs)

    with pytest.raises(CannotMeasure, match=r"^A peer ended when started:\nout of memory"):
        asyncio.run(collect(bench(repository, tmp_path, broken), 1, []))
