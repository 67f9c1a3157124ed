"""Engines by TensorRT's own Python API.

Source: NVIDIA TensorRT Python API, version 10 (Builder, IBuilderConfig, IOptimizationProfile,
ITimingCache, OnnxParser).
"""

import importlib
from pathlib import Path
from typing import Any

from export.errors import TensorRtFailed, TensorRtUnavailable
from export.files import write_whole
from export.tensorrt.builder import MAJOR, WORKSPACE_BYTES, Precision
from export.triton.interface import Interface
from export.triton.profiles import profiles

_TIMING_FILE = "timing.cache"


class PythonApi:
    """See `Builder`; every shape of the interface has a profile for each batch size."""

    def __init__(self) -> None:
        """TensorRtUnavailable where the module is not installed, or is another version."""
        try:
            self._trt: Any = importlib.import_module("tensorrt")
        except ImportError as exc:
            raise TensorRtUnavailable("the Python module `tensorrt` is not installed") from exc
        self.version: str = self._trt.__version__
        if int(self.version.split(".")[0]) != MAJOR:
            raise TensorRtUnavailable(
                f"TensorRT {self.version} is installed; engines are built with version {MAJOR}"
            )

    def build(self, graph: bytes, seen: Interface, timings: Path, precision: Precision) -> bytes:
        """See `Builder.build`."""
        trt = self._trt
        logger = trt.Logger(trt.Logger.WARNING)
        builder = trt.Builder(logger)
        network = builder.create_network(0)
        parser = trt.OnnxParser(network, logger)
        if not parser.parse(graph):
            faults = [parser.get_error(index).desc() for index in range(parser.num_errors)]
            raise TensorRtFailed(f"TensorRT does not take the graph: {'; '.join(faults)}")
        config = builder.create_builder_config()
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
        if precision == "fp16":
            config.set_flag(trt.BuilderFlag.FP16)
        for profile in profiles(seen.shapes):
            wanted = builder.create_optimization_profile()
            wanted.set_shape(seen.input.name, profile.smallest, profile.best, profile.largest)
            config.add_optimization_profile(wanted)
        timing_file = timings / _TIMING_FILE
        known = timing_file.read_bytes() if timing_file.exists() else b""
        timing = config.create_timing_cache(known)
        config.set_timing_cache(timing, ignore_mismatch=False)
        engine = builder.build_serialized_network(network, config)
        if engine is None:
            raise TensorRtFailed("TensorRT built no engine; its reason stands above, on stderr")
        write_whole(timing_file, bytes(timing.serialize()))
        return bytes(engine)
