"""TensorRT engines from the repository's ONNX graphs, by TensorRT's own Python API.

Sources: NVIDIA TensorRT Python API, version 10 (Builder, IBuilderConfig, IOptimizationProfile,
ITimingCache, OnnxParser). An engine runs on the kind of GPU and the version of TensorRT that it was
built with, and on no other; so engines and timing caches lie in folders named by both.
"""

import hashlib
import importlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal

import onnx

from export.errors import TensorRtFailed, TensorRtUnavailable
from export.operators import check_for_tensorrt
from export.triton.config import ENGINE_FILE
from export.triton.interface import Interface
from export.triton.profiles import profiles

Precision = Literal["fp16", "fp32"]

_MAJOR = 10
_WORKSPACE_BYTES = 2 << 30
_TIMING_FILE = "timing.cache"


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
    trt = _tensorrt()
    graph = (folder / seen.file).read_bytes()
    check_for_tensorrt(onnx.load_model_from_string(graph))
    target = f"{_gpu()}-tensorrt-{trt.__version__}"
    place = cache / target
    place.mkdir(parents=True, exist_ok=True)
    kept = place / f"{hashlib.sha256(graph).hexdigest()}-{precision}.plan"
    built = not kept.exists()
    if built:
        _replace(kept, _built(trt, graph, seen, place / _TIMING_FILE, precision))
    engine = folder / ENGINE_FILE
    _replace(engine, kept.read_bytes())
    return Engine(engine, target, built)


def _built(
    trt: ModuleType, graph: bytes, seen: Interface, timing_file: Path, precision: Precision
) -> bytes:
    """The serialised engine of a graph; what the builder measured goes into `timing_file`."""
    logger = trt.Logger(trt.Logger.WARNING)
    builder = trt.Builder(logger)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(graph):
        faults = [parser.get_error(index).desc() for index in range(parser.num_errors)]
        raise TensorRtFailed(f"TensorRT does not take the graph: {'; '.join(faults)}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, _WORKSPACE_BYTES)
    if precision == "fp16":
        config.set_flag(trt.BuilderFlag.FP16)
    for profile in profiles(seen.shapes):
        wanted = builder.create_optimization_profile()
        wanted.set_shape(seen.input.name, profile.smallest, profile.best, profile.largest)
        config.add_optimization_profile(wanted)
    known = timing_file.read_bytes() if timing_file.exists() else b""
    timing = config.create_timing_cache(known)
    config.set_timing_cache(timing, ignore_mismatch=False)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise TensorRtFailed("TensorRT built no engine; its reason stands above, on stderr")
    _replace(timing_file, bytes(timing.serialize()))
    return bytes(engine)


def _tensorrt() -> ModuleType:
    """The module; TensorRtUnavailable says what is missing."""
    try:
        trt = importlib.import_module("tensorrt")
    except ImportError as exc:
        raise TensorRtUnavailable(
            "TensorRT is not installed: engines are built on the machine that serves them, with"
            " `pip install 'tensorrt>=10,<11'` beside an NVIDIA driver"
        ) from exc
    if int(trt.__version__.split(".")[0]) != _MAJOR:
        raise TensorRtUnavailable(
            f"TensorRT {trt.__version__} is installed; engines are built with version {_MAJOR}"
        )
    return trt


def _gpu() -> str:
    """Name and compute capability of the first GPU, fit for a folder's name."""
    query = ["nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader", "--id=0"]
    try:
        said = subprocess.run(query, capture_output=True, text=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as exc:
        raise TensorRtUnavailable("there is no NVIDIA GPU here that nvidia-smi knows") from exc
    return re.sub(r"[^a-z0-9.]+", "-", said.strip().lower()).strip("-")


def _replace(file: Path, content: bytes) -> None:
    """Whole or not at all: a server may be reading it."""
    partial = file.with_name(f".{file.name}.partial")
    partial.write_bytes(content)
    partial.replace(file)
