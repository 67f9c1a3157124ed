"""locust users of both kinds against a running gateway."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.gateway import gateway

ROOT = Path(__file__).resolve().parents[2]
LOCUST = ROOT / ".venv-load/bin/locust"

pytestmark = pytest.mark.skipif(
    not LOCUST.exists(), reason="needs locust in an environment of its own: `make load` makes it"
)


def locust(http: str, grpc: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(LOCUST, "--locustfile", "loadtests/locustfile.py", "--headless", "--only-summary"),
            *("--host", f"http://{http}", "--grpc", grpc, "--model", "baseline", *arguments),
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_mixed_load_over_both_protocols_is_answered(repository: Path) -> None:
    """How fast is for `make load` to judge: here other work may keep the cores busy."""
    with gateway(repository) as running:
        done = locust(running.http, running.grpc, "--duration", "12")

    summary, *verdict = done.stdout[done.stdout.index("steady: ") :].splitlines()
    faults = [line for line in verdict if not line.startswith("FAIL: p95 is ")]
    assert faults in ([], ["PASS"]), done.stdout + done.stderr
    assert done.returncode == (0 if faults else 1)
    assert " 0 refused, " in summary
    assert summary.endswith(" 0 failed")
    for name in ("parse, mask", "parse, bad input", "photo"):
        assert name in done.stderr + done.stdout


def test_refusals_beyond_the_threshold_fail(repository: Path) -> None:
    with gateway(repository, max_in_flight=1) as narrow:
        done = locust(narrow.http, narrow.grpc, "--duration", "12")

    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1].startswith("FAIL: ")
    assert "were refused, at most 0% passes" in done.stdout
    assert " 0 failed" in done.stdout
