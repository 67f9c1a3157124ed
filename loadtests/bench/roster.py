"""Limn and its peers by name: in which environment and by which commands each is started."""

import secrets
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

    `requirements` pin its environment, `package` is the one among them whose version tells most;
    where `installs_project`, Limn itself is put into it.
    """

    name: str
    title: str
    package: str
    path: str
    requirements: Path
    programs: Callable[[Launch], Sequence[Program]]
    installs_project: bool = False
    computes_in_int8: bool = True
    """Where a graph does; else its answers are those of the same weights in floats."""

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


def _peer(name: str, title: str, package: str, **variables: str) -> Peer:
    programs = module(name, **variables)
    return Peer(name, title, package, "/parse", REQUIREMENTS / f"{name}.txt", programs)


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
            *("--platform", "python", "--repository", source),
            *("--out", _triton_repository(launch)),
        ],
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
    "onnxruntime",
    "/v1/parse",
    ROOT / "requirements/cpu.txt",
    _limn,
    installs_project=True,
)

PEERS = {
    peer.name: peer
    for peer in (
        LIMN,
        _peer("fastapi_onnxruntime", "FastAPI + ONNX Runtime", "onnxruntime"),
        replace(
            _peer("fastapi_torch", "FastAPI + PyTorch eager", "torch", OMP_NUM_THREADS="1"),
            computes_in_int8=False,
        ),
        _peer("litserve", "LitServe", "litserve"),
        # These two report their use to their makers if not told otherwise; Ray guards its ports by
        # a token, which it would leave in the home folder.
        _peer("bentoml", "BentoML", "bentoml", BENTOML_DO_NOT_TRACK="True"),
        _peer(
            "ray_serve",
            "Ray Serve",
            "ray",
            RAY_USAGE_STATS_ENABLED="0",
            RAY_AUTH_MODE="token",
            RAY_AUTH_TOKEN=secrets.token_hex(32),
        ),
        _peer("mlserver", "MLServer", "mlserver"),
        replace(
            _peer("triton", "Triton, Python backend", "tritonclient"),
            programs=_triton,
            prepare=_build_triton_repository,
        ),
    )
}
"""Limn is the first; the others are compared with it."""
