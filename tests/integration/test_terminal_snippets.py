"""What the documents start in one terminal and ask from another, on the ports they name.

Each test starts what its page says, asks it what the page says, and stops it. `make` sets nothing
up here: the tests run in what it has set up.
"""

import json
import re
import shutil
import time
import urllib.request
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from tests.fixtures.lip_dataset import write_lip_dataset
from tests.fixtures.shell import ROOT, START_S, run, terminal

pytestmark = pytest.mark.slow

PHOTO = ROOT / "service/static/page/astronaut.jpg"
GATEWAY = "http://127.0.0.1:8080/readyz"
TRITON = "http://127.0.0.1:8010/v2/health/ready"

needs_triton = pytest.mark.skipif(
    not (ROOT / ".venv-triton/.server").exists(), reason="no Triton here"
)


def size_of_mask(folder: Path) -> tuple[int, int]:
    """Width and height of what the service answers to a photo."""
    shutil.copy(PHOTO, folder / "photo.jpg")
    run("curl --fail --silent --data-binary @photo.jpg localhost:8080/v1/parse -o mask.png", folder)
    with Image.open(folder / "mask.png") as mask:
        return mask.size


@pytest.mark.types({"README.md": ["make serve"]})
def test_service_of_the_readme_answers(commands: list[str], tmp_path: Path) -> None:
    (serve,) = commands
    with terminal(serve, GATEWAY, tmp_path / "log"):
        assert size_of_mask(tmp_path) == (512, 512)


@pytest.mark.types(
    {
        "docs/how-to/measure.md": [
            "make stages",
            ".venv/bin/python -m loadtests.concurrency --url 127.0.0.1:8001",
            ".venv/bin/python -m loadtests.concurrency --url 127.0.0.1:8080",
            "make load",
        ]
    }
)
def test_measuring_from_outside(commands: list[str], tmp_path: Path) -> None:
    stages, by_grpc, by_http, load = commands
    shutil.copy(PHOTO, tmp_path / "photo.jpg")
    (tmp_path / "loadtests").symlink_to(ROOT / "loadtests")

    assert "network" in run(stages)
    with terminal("make serve", GATEWAY, tmp_path / "log"):
        for command in (by_grpc, by_http):
            assert "p99" in run(command, tmp_path)
        # On a busy machine the thresholds may be missed; that is no fault of the page.
        assert re.search(r"^(PASS|FAIL)", run(f"{load} || test $? = 2"), re.MULTILINE)


@pytest.mark.types({"docs/how-to/measure.md": ["make bench"]})
def test_bench_of_one_peer(commands: list[str], tmp_path: Path) -> None:
    (bench,) = commands
    short = "--quick --peers fastapi_onnxruntime --rounds 1 --seconds 1"

    run(f'{bench} BENCH="{short} --out {tmp_path}"')

    assert "FastAPI + ONNX Runtime" in (tmp_path / "bench.md").read_text()


@needs_triton
@pytest.mark.types(
    {
        "docs/how-to/triton.md": ["make triton", "LIMN_ENGINE=triton"],
        "docs/how-to/measure.md": [".venv/bin/python -m loadtests.hop"],
    }
)
def test_gateway_on_triton(commands: list[str], tmp_path: Path) -> None:
    triton, serve, hop = commands
    with ExitStack() as terminals:
        terminals.enter_context(terminal(triton, TRITON, tmp_path / "triton"))
        terminals.enter_context(terminal(serve, GATEWAY, tmp_path / "log"))

        assert size_of_mask(tmp_path) == (512, 512)
        assert "labels" in run(hop)


@needs_triton
@pytest.mark.types(
    {
        "docs/results/concurrency.md": [
            "limn serve",
            "make triton",
            "LIMN_ENGINE=triton",
            "python -m loadtests.concurrency",
        ]
    }
)
def test_requests_in_flight_on_three_servers(commands: list[str], tmp_path: Path) -> None:
    alone, triton, before_triton, measure = commands
    with ExitStack() as terminals:
        for command, url in (
            (alone, GATEWAY),
            (triton, TRITON),
            (before_triton, "http://127.0.0.1:8180/readyz"),
        ):
            terminals.enter_context(terminal(command, url, tmp_path / url.split(":")[2][:4]))

        measured = run(f"{measure} --concurrency 1:1 --seconds 1 --rounds 1")

    for port in (8001, 8011, 8101):
        row = rf"127\.0\.0\.1:{port} \| 1 \| [1-9]\d* \|.*\| 0 \|$"
        assert re.search(row, measured, re.MULTILINE), measured


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is not installed")
@pytest.mark.types({"docs/how-to/watch.md": ["make serve", "make watch"]})
def test_prometheus_watches_the_service(commands: list[str], tmp_path: Path) -> None:
    serve, watch = commands
    query = "http://127.0.0.1:9090/api/v1/query?query=up"
    with ExitStack() as terminals:
        terminals.enter_context(terminal(serve, GATEWAY, tmp_path / "log"))
        terminals.enter_context(
            terminal(watch, "http://127.0.0.1:9090/-/ready", tmp_path / "watch")
        )

        deadline = time.monotonic() + START_S
        while True:
            with urllib.request.urlopen(query, timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
            if any(one["value"][1] == "1" for one in found):
                break
            assert time.monotonic() < deadline, found
            time.sleep(0.5)


@pytest.mark.types(
    {
        "docs/how-to/benchmark.md": [
            ".venv/bin/limn benchmark serve",
            "curl -H 'content-type",
            'curl -H "Authorization',
        ]
    }
)
def test_benchmark_takes_a_submission(commands: list[str], tmp_path: Path) -> None:
    serve, enter, submit = commands
    write_lip_dataset(tmp_path / "data/ccp")
    with zipfile.ZipFile(tmp_path / "maps.zip", "w") as archive:
        for path in (tmp_path / "data/ccp/val_segmentations").iterdir():
            archive.write(path, path.name)
    with terminal(serve, "http://127.0.0.1:8090/v1/leaderboard", tmp_path / "log", tmp_path):
        token = json.loads(run(enter, tmp_path))["token"]
        submitted = run(submit, tmp_path, {"TOKEN": token})

    assert json.loads(submitted)["mean_iou"] == pytest.approx(1)
