"""Limn and its peers by name: in which environment and by which commands each is started."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from loadtests.bench.models import copy_model

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements")
TRITON_GRPC = "127.0.0.1:8011"
"""Where the Triton of tools/triton.py listens."""


@dataclass(frozen=True)
class Launch:
    """One start: the peer's interpreter, the graph that it serves, its port, a folder of its own.

    The graph lies in a model repository, its contract beside it.
    """

    python: Path
    model: Path
    port: int
    work: Path

    @property
    def repository(self) -> Path:
        return self.model.parents[2]


@dataclass(frozen=True)
class Program:
    """A command line and its environment variables."""

    command: Sequence[str | Path]
    variables: Mapping[str, str] = field(default_factory=dict)
    is_only_launcher: bool = False
    """Starts a server and is no part of it: its children are measured, itself is not."""


@dataclass(frozen=True)
class Peer:
    """One way to serve the graph over HTTP: a JPEG is posted to `path`, a palette PNG comes back.

    `requirements` pin its environment; where `installs_project`, Limn itself is put into it.
    """

    name: str
    title: str
    path: str
    requirements: Path
    programs: Callable[[Launch], Sequence[Program]]
    installs_project: bool = False
    prepare: Callable[[Launch], None] = lambda launch: None
    """What has to be there before it can be started, such as a repository in its own format."""


def _limn(launch: Launch) -> list[Program]:
    variables = {
        "LIMN_HTTP_PORT": str(launch.port),
        "LIMN_GRPC_PORT": "0",
        "LIMN_LOG_LEVEL": "warning",
        "LIMN_MODEL_REPOSITORY": str(launch.repository),
    }
    return [Program([launch.python.with_name("limn"), "serve"], variables)]


def module(name: str, **variables: str) -> Callable[[Launch], list[Program]]:
    """A program of `peers/`, and what it reads from its environment."""

    def programs(launch: Launch) -> list[Program]:
        read = {
            "PYTHONPATH": str(ROOT),
            "BENCH_MODEL": str(launch.model),
            "BENCH_PORT": str(launch.port),
        }
        return [Program([launch.python, "-m", f"loadtests.bench.peers.{name}"], read | variables)]

    return programs


def _peer(name: str, title: str) -> Peer:
    return Peer(name, title, "/parse", REQUIREMENTS / f"{name}.txt", module(name))


def _triton_repository(launch: Launch) -> Path:
    return launch.work / "triton"


def _build_triton_repository(launch: Launch) -> None:
    source = launch.work / "network"
    copy_model(launch.model, source)
    # The command overwrites what it knows, and would leave what it does not.
    shutil.rmtree(_triton_repository(launch), ignore_errors=True)
    subprocess.run(  # noqa: S603 - our own command line
        [
            *(Path(sys.executable).with_name("limn"), "repository", "build"),
            *("--platform", "python", "--out", _triton_repository(launch)),
        ],
        env=os.environ | {"LIMN_MODEL_REPOSITORY": str(source)},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _triton(launch: Launch) -> list[Program]:
    server: list[str | Path] = [sys.executable, "-m", "tools.triton", _triton_repository(launch)]
    front = module("triton", BENCH_TRITON=TRITON_GRPC)
    return [Program(server, is_only_launcher=True), *front(launch)]


LIMN = Peer(
    "limn",
    "Limn",
    "/v1/parse",
    ROOT / "requirements/cpu.txt",
    _limn,
    installs_project=True,
)

PEERS = {
    peer.name: peer
    for peer in (
        LIMN,
        _peer("fastapi_onnxruntime", "FastAPI + ONNX Runtime"),
        _peer("fastapi_torch", "FastAPI + PyTorch eager"),
        _peer("litserve", "LitServe"),
        _peer("bentoml", "BentoML"),
        _peer("ray_serve", "Ray Serve"),
        _peer("mlserver", "MLServer"),
        replace(
            _peer("triton", "Triton, Python backend"),
            programs=_triton,
            prepare=_build_triton_repository,
        ),
    )
}
"""Limn is the first; the others are compared with it."""
