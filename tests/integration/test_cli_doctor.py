"""`limn doctor` finds what would stop the service, and says what to do."""

import re
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from service.diagnosis import machine, software
from service.settings import Settings
from tests.fixtures.models import write_model

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture(autouse=True)
def any_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMN_HTTP_PORT", "0")
    monkeypatch.setenv("LIMN_GRPC_PORT", "0")
    monkeypatch.setenv("COLUMNS", "200")


def examined(status: int) -> str:
    done: Result = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == status, done.output
    return done.stdout


def test_machine_that_serves_has_no_fault() -> None:
    page = examined(0)

    # A note where INT8 gains less.
    assert re.search(r"[✓•] processor +.*, 2 workers", page)
    assert re.search(r"✓ engine +onnxruntime\S* \d+\.\d+", page)
    assert re.search(r"✓ model baseline 1 +20 labels of lip, .*default", page)
    assert re.search(r"✓ parse, baseline +\d+ ms for one picture", page)
    assert page.rstrip().endswith("nothing is wrong")


def test_misspelt_setting_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMN_HTPP_HOST", "0.0.0.0")

    page = examined(1)

    assert "✗ settings         LIMN_HTPP_HOST is not one, and changes nothing" in page
    assert "is LIMN_HTTP_HOST meant?" in page


def test_model_that_is_not_whole_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(tmp_path)
    (folder / "model.onnx").write_bytes(b"other bytes")
    monkeypatch.setenv("LIMN_MODEL_REPOSITORY", str(tmp_path))

    page = examined(1)

    assert re.search(r"✗ models +.*model\.onnx", page)
    assert "parse, " not in page


def test_engine_that_is_away_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMN_ENGINE", "triton")
    monkeypatch.setenv("LIMN_TRITON_URL", "127.0.0.1:9")

    page = examined(1)

    assert "✓ engine           Triton at 127.0.0.1:9" in page
    assert re.search(r"✗ (start|parse, baseline) +.*127\.0\.0\.1:9", page)


def test_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("LIMN_HTTP_PORT", str(port))

        page = examined(0)

    assert f"• http port        127.0.0.1:{port} is taken" in page


def test_keys_that_cannot_be_read_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMN_KEYS_FILE", str(tmp_path / "none.json"))

    assert re.search(r"✗ access +.*none\.json", examined(1))


def test_address_that_all_can_reach_asks_for_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMN_HTTP_HOST", "0.0.0.0")

    assert "• access           no keys, no TLS" in examined(0)


def test_budget_beyond_the_memory_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_limit_bytes", lambda: 2**30)

    (memory,) = [one for one in machine.findings(Settings()) if one.subject == "memory"]

    assert memory.verdict == "fault"
    assert "LIMN_MAX_IMAGE_BYTES_IN_FLIGHT" in (memory.advice or "")


def test_limit_of_a_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "_CGROUP_LIMITS", (limit,))
    limit.write_text("536870912\n")
    assert machine.memory_limit_bytes() == 2**29

    limit.write_text("max\n")
    whole = machine.memory_limit_bytes()
    assert whole is None or whole > 2**29


def test_two_wheels_of_one_module_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "_version", lambda name: "1.0")

    (engine,) = [one for one in software.findings(Settings()) if one.subject == "engine"]

    assert (engine.verdict, engine.text) == ("fault", "onnxruntime 1.0 and onnxruntime-gpu 1.0")


def test_gpu_that_is_not_there_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMN_DEVICE", "cuda")

    assert re.search(r"✗ device +cuda", examined(1))
