"""A Triton server as a process of this machine, from the PyPI wheel in an environment of its own.

For loopback tests alone: the wheel holds Triton 2.51, which is older than known security fixes.
"""

import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from export.errors import TritonNotStarted
from export.triton.host import refusal

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-triton"
"""Where `make triton` installs requirements/triton-server.txt."""

_ADDRESS = "127.0.0.1"
_STOP_S = 15
_LOG_LINES = 25


class Ports(NamedTuple):
    """Where one server listens, on the loopback address."""

    http: int
    grpc: int
    metrics: int


@dataclass(frozen=True)
class LocalTriton:
    """A running server; `process` leads a process group with all that it started."""

    ports: Ports
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def http(self) -> str:
        """Host and port, as `tritonclient.http` takes them."""
        return f"{_ADDRESS}:{self.ports.http}"

    @property
    def grpc(self) -> str:
        """Host and port, as `tritonclient.grpc` takes them."""
        return f"{_ADDRESS}:{self.ports.grpc}"

    @property
    def metrics(self) -> str:
        """Address of the Prometheus page."""
        return f"http://{_ADDRESS}:{self.ports.metrics}/metrics"

    def kill(self) -> None:
        """End it at once with all its processes, as a crash would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_ports() -> Ports:
    """Three ports that nobody listens on."""
    with ExitStack() as held:
        # All at once, so that they differ.
        sockets = [held.enter_context(socket.socket()) for _ in Ports._fields]
        for each in sockets:
            each.bind((_ADDRESS, 0))
        return Ports(*(each.getsockname()[1] for each in sockets))


def _require_free(ports: Ports) -> None:
    """Else another server would answer that this one is ready."""
    for name, port in ports._asdict().items():
        with socket.socket() as probe:
            # As servers do: what a closed connection leaves behind is in nobody's way.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_ADDRESS, port))
            except OSError as exc:
                raise TritonNotStarted(f"port {port}, for {name}, is taken") from exc


@contextmanager
def local_triton(
    repository: Path,
    work: Path,
    ports: Ports | None = None,
    environment: Path = ENVIRONMENT,
    timeout_s: float = 120,
) -> Iterator[LocalTriton]:
    """Start a server over all models of a repository, ready when entered, ended when left.

    Models are loaded anew on request (`load_model` of a client), so that a promotion shows.

    Args:
        repository: as `limn repository build --platform python` writes it.
        work: folder for its log, which stays, and its backends; one per server.
        ports: to listen on; free ones if not given.
        environment: virtual environment with requirements/triton-server.txt.
        timeout_s: seconds to load and warm up everything.

    Raises:
        TritonNotStarted: it cannot run here, is not installed, ended, or was not ready in time;
            the message has the end of its log.
    """
    reason = refusal()
    if reason:
        raise TritonNotStarted(f"no local Triton: {reason}")
    if not (environment / "bin/python").exists():
        raise TritonNotStarted(f"no local Triton in {environment}: `make triton` installs it")
    ports = ports or free_ports()
    _require_free(ports)
    triton = _start(repository, ports, environment, work)
    try:
        _wait(triton, timeout_s)
        yield triton
    finally:
        _stop(triton)


def _start(repository: Path, ports: Ports, environment: Path, work: Path) -> LocalTriton:
    packages = environment / f"lib/python{sysconfig.get_python_version()}/site-packages"
    if not (packages / "pytriton").is_dir():
        raise TritonNotStarted(f"no local Triton in {packages}: `make triton` installs it")
    server = packages / "pytriton/tritonserver"
    options = {
        "model-repository": repository,
        "backend-directory": _backends(server, work),
        "model-control-mode": "explicit",
        "load-model": "*",
        "http-address": _ADDRESS,
        "http-port": ports.http,
        "grpc-address": _ADDRESS,
        "grpc-port": ports.grpc,
        "metrics-address": _ADDRESS,
        "metrics-port": ports.metrics,
        "exit-timeout-secs": _STOP_S // 3,
    }
    log = work / "triton.log"
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [
                server / "bin/tritonserver",
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            env=_variables(environment, packages),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            # Not a session: a group of its own is out of reach of the terminal's Ctrl-C, too.
            process_group=0,
        )
    return LocalTriton(ports, process, log)


def _backends(server: Path, work: Path) -> Path:
    """A folder with the Python backend and, beside it, the stub for this Python."""
    folder = work / "backends/python"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    stub = server / "python_backend_stubs" / sysconfig.get_python_version()
    for file in chain((server / "backends/python").iterdir(), stub.iterdir()):
        (folder / file.name).symlink_to(file)
    return folder.parent


def _variables(environment: Path, packages: Path) -> dict[str, str]:
    """The stub finds its interpreter by PATH, and the libraries of both by LD_LIBRARY_PATH."""
    libraries = (packages / "nvidia_pytriton.libs", sysconfig.get_config_var("LIBDIR"))
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return inherited | {
        "PATH": f"{environment / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(environment),
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
    }


def _wait(triton: LocalTriton, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if triton.process.poll() is not None:
            status = triton.process.returncode
            raise TritonNotStarted(f"Triton ended with status {status}:\n{_tail(triton.log)}")
        try:
            url = f"http://{triton.http}/v2/health/ready"
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TritonNotStarted(f"Triton was not ready in {timeout_s:g} s:\n{_tail(triton.log)}")


def _stop(triton: LocalTriton) -> None:
    """Ask first: models are finalised and shared memory is given back."""
    triton.process.terminate()
    with suppress(subprocess.TimeoutExpired):
        triton.process.wait(_STOP_S)
    triton.kill()


def _tail(log: Path) -> str:
    """What it said last, without the tables that it draws of its settings."""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join([line for line in lines if not line.startswith(("|", "+"))][-_LOG_LINES:])
