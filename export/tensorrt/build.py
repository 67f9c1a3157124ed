"""`model.plan` beside a graph of the repository: built, or taken from the cache.

An engine runs on the kind of GPU and the version of TensorRT that it was built with, and on no
other; so engines and timing caches lie in folders named by both.
"""

import hashlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import onnx

from export.errors import TensorRtUnavailable
from export.files import write_whole
from export.operators import check_for_tensorrt
from export.tensorrt.builder import MAJOR, Builder, Precision
from export.tensorrt.provider import OnnxRuntimeProvider
from export.tensorrt.python_api import PythonApi
from export.triton.config import ENGINE_FILE
from export.triton.interface import Interface


@dataclass(frozen=True)
class Engine:
    """A serialised engine; `built` is false where it was found in the cache."""

    file: Path
    target: str
    built: bool


def build_engine(folder: Path, seen: Interface, cache: Path, precision: Precision) -> Engine:
    """Build, or take from the cache, and put `model.plan` beside the graph of a version folder.

    Args:
        folder: `<name>/<version>`.
        seen: what the model takes and answers.
        cache: folder for engines and timing caches, with one folder per GPU and TensorRT version.
        precision: `fp16` lets TensorRT choose half precision where it is faster.

    Raises:
        TensorRtUnavailable: no TensorRT 10, or no NVIDIA GPU, on this machine.
        TensorRtFailed: it does not take the graph, or builds no engine.
        UnsupportedByTensorRt: the graph has operators that TensorRT has not.
    """
    builder = _builder()
    graph = (folder / seen.file).read_bytes()
    check_for_tensorrt(onnx.load_model_from_string(graph))
    target = f"{_gpu()}-tensorrt-{builder.version}"
    place = cache / target
    place.mkdir(parents=True, exist_ok=True)
    kept = place / f"{hashlib.sha256(graph).hexdigest()}-{precision}.plan"
    built = not kept.exists()
    if built:
        write_whole(kept, builder.build(graph, seen, place, precision))
    engine = folder / ENGINE_FILE
    write_whole(engine, kept.read_bytes())
    return Engine(engine, target, built)


def _builder() -> Builder:
    """TensorRT's own API where it is there; TensorRtUnavailable says what both ways lack."""
    lacking = []
    for make in (PythonApi, OnnxRuntimeProvider):
        try:
            return make()
        except TensorRtUnavailable as exc:
            lacking.append(str(exc))
    raise TensorRtUnavailable(
        f"no TensorRT {MAJOR} on this machine: {'; '.join(lacking)}. Engines are built where they"
        f" are served, beside an NVIDIA driver: `pip install 'tensorrt>={MAJOR},<{MAJOR + 1}'`"
    )


def _gpu() -> str:
    """Name and compute capability of the first GPU, fit for a folder's name."""
    query = ["nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader", "--id=0"]
    try:
        said = subprocess.run(query, capture_output=True, text=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as exc:
        raise TensorRtUnavailable("there is no NVIDIA GPU here that nvidia-smi knows") from exc
    return re.sub(r"[^a-z0-9.]+", "-", said.strip().lower()).strip("-")
