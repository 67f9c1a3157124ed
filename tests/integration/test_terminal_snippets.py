"""What the documents start in one terminal and ask from another, on the ports they name.

Each test starts what its page says, asks it what the page says, and stops it. `make` sets nothing
up here: the tests run in what it has set up.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from PIL import Image

from tests.fixtures.lip_dataset import write_lip_dataset
from tests.fixtures.shell import complain, shell

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "service/static/page/astronaut.jpg"
GATEWAY = "http://127.0.0.1:8080/readyz"
TRITON = "http://127.0.0.1:8010/v2/health/ready"
START_S = 90
SET_UP = (".venv/.serve", ".venv/.dev", ".venv-load/.load", ".venv-triton/.server")
BENCH = ' BENCH="--quick --peers fastapi_onnxruntime --rounds 1 --seconds 1"'


def line(page: str, start: str) -> str:
    """The command of a page that begins so, without its comment."""
    text = (ROOT / page).read_text()
    blocks = "".join(re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    (found,) = [one for one in blocks.splitlines() if one.startswith(start)]
    return found.partition("  #")[0].strip()


def as_here(command: str) -> str:
    """The same in this environment, which is complete."""
    old = " ".join(f"--assume-old={name}" for name in SET_UP)
    command = command.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    return re.sub(r"\bmake ", f"make {old} PYTHON={sys.executable} ", command)


def run(command: str, folder: Path = ROOT, **variables: str) -> str:
    """Its standard output; it has to succeed."""
    done = shell(as_here(command), folder, **variables)
    assert done.returncode == 0, complain(command, done)
    return done.stdout


@contextmanager
def terminal(command: str, url: str, log: Path, folder: Path = ROOT) -> Iterator[None]:
    """Run the command until the block ends, from when `url` answers; Ctrl-C ends it in order."""
    port = int(re.findall(r":(\d+)", url)[0])
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            pytest.skip(f"something else listens on port {port}")
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["bash", "-c", as_here(command)],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + START_S
            while not answers(url):
                assert process.poll() is None, f"{command}\n{log.read_text()[-3000:]}"
                assert time.monotonic() < deadline, f"{command}: no answer from {url}"
                time.sleep(0.1)
            yield
        finally:
            # In the end nothing of it may be left for the next test.
            for number in (signal.SIGINT, signal.SIGKILL):
                with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                    os.killpg(process.pid, number)
                    process.wait(30)


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError:
        return False
    return True


def size_of_mask(folder: Path) -> tuple[int, int]:
    """Width and height of what the service answers to a photo."""
    shutil.copy(PHOTO, folder / "photo.jpg")
    run("curl --fail --silent --data-binary @photo.jpg localhost:8080/v1/parse -o mask.png", folder)
    with Image.open(folder / "mask.png") as mask:
        return mask.size


def test_service_of_the_readme_answers(tmp_path: Path) -> None:
    with terminal(line("README.md", "make serve"), GATEWAY, tmp_path / "log"):
        assert size_of_mask(tmp_path) == (512, 512)


def test_measuring_from_outside(tmp_path: Path) -> None:
    page = "docs/how-to/measure.md"
    shutil.copy(PHOTO, tmp_path / "photo.jpg")
    (tmp_path / "loadtests").symlink_to(ROOT / "loadtests")

    assert "network" in run(line(page, "make stages"))
    with terminal("make serve", GATEWAY, tmp_path / "log"):
        for command in ("--url 127.0.0.1:8001", "--url 127.0.0.1:8080"):
            start = f".venv/bin/python -m loadtests.concurrency {command}"
            assert "p99" in run(line(page, start), tmp_path)
        # On a busy machine the thresholds may be missed; that is no fault of the page.
        loaded = line(page, "make load") + " || test $? = 2"
        assert re.search(r"^(PASS|FAIL)", run(loaded), re.MULTILINE)


def test_bench_of_one_peer(tmp_path: Path) -> None:
    command = line("docs/how-to/measure.md", "make bench") + BENCH[:-1] + f' --out {tmp_path}"'

    run(command)

    assert "FastAPI + ONNX Runtime" in (tmp_path / "bench.md").read_text()


@pytest.mark.skipif(not (ROOT / ".venv-triton/.server").exists(), reason="no Triton here")
def test_gateway_on_triton(tmp_path: Path) -> None:
    page = "docs/how-to/triton.md"
    with ExitStack() as terminals:
        terminals.enter_context(terminal(line(page, "make triton"), TRITON, tmp_path / "triton"))
        serve = line(page, "LIMN_ENGINE=triton")
        terminals.enter_context(terminal(serve, GATEWAY, tmp_path / "log"))

        assert size_of_mask(tmp_path) == (512, 512)
        hop = line("docs/how-to/measure.md", ".venv/bin/python -m loadtests.hop")
        assert "labels" in run(hop)


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is not installed")
def test_prometheus_watches_the_service(tmp_path: Path) -> None:
    page = "docs/how-to/watch.md"
    query = "http://127.0.0.1:9090/api/v1/query?query=up"
    with ExitStack() as terminals:
        terminals.enter_context(terminal(line(page, "make serve"), GATEWAY, tmp_path / "log"))
        watch = line(page, "make watch")
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


def test_benchmark_takes_a_submission(tmp_path: Path) -> None:
    page = "docs/how-to/benchmark.md"
    write_lip_dataset(tmp_path / "data/ccp")
    with zipfile.ZipFile(tmp_path / "maps.zip", "w") as archive:
        for path in (tmp_path / "data/ccp/val_segmentations").iterdir():
            archive.write(path, path.name)
    serve = line(page, ".venv/bin/limn benchmark serve")
    with terminal(serve, "http://127.0.0.1:8090/v1/leaderboard", tmp_path / "log", tmp_path):
        token = json.loads(run(line(page, "curl -H 'content-type"), tmp_path))["token"]
        submitted = run(line(page, 'curl -H "Authorization'), tmp_path, TOKEN=token)

    assert json.loads(submitted)["mean_iou"] == pytest.approx(1)
