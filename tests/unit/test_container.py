"""The Dockerfile and the compose file name what is there, and run as they should.

No test machine has a Docker engine: the image itself was never built.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()


def test_what_is_copied_exists_and_reaches_the_build() -> None:
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
    }
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if "!" in line}

    assert copied >= {"pyproject.toml", "service", "limn", "model_repository"}
    assert all((ROOT / name).exists() for name in copied)
    assert {name.split("/")[0] for name in copied} == let_in


@pytest.mark.parametrize("text", [DOCKERFILE, COMPOSE], ids=["Dockerfile", "compose.yaml"])
def test_settings_exist(text: str) -> None:
    named = set(re.findall(r"\bLIMN_[A-Z_]+", text))

    assert named
    assert named <= {f"LIMN_{name.upper()}" for name in Settings.model_fields}


def test_image_runs_as_a_user_without_rights_and_says_how_it_is() -> None:
    users = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)

    assert users == ["10001:10001"]
    assert "HEALTHCHECK" in DOCKERFILE
    for target in ("cpu", "gpu"):
        assert re.search(rf"^FROM server AS {target}$", DOCKERFILE, re.MULTILINE)


def test_containers_cannot_write_nor_gain_rights() -> None:
    services = COMPOSE.count("\n  triton:") + COMPOSE.count("x-gateway:")

    for line in ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'):
        assert COMPOSE.count(line) == services == 2


def test_compose_file_is_valid() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False).returncode:
        pytest.skip("needs the docker client with compose")

    done = subprocess.run(
        [docker, "compose", "--profile", "triton", "config", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
