"""Engines by ONNX Runtime's TensorRT provider, where TensorRT has no Python module.

The provider compiles a graph when its session is opened, and writes a model of one `EPContext` node
that holds the serialised engine: the same bytes that TensorRT itself would write. Sources: ONNX
Runtime, TensorRT execution provider (options `trt_*`) and EP context design (`ep_cache_context`).
"""

import ctypes
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import onnxruntime

from export.errors import TensorRtFailed, TensorRtUnavailable
from export.tensorrt.builder import MAJOR, WORKSPACE_BYTES, Precision
from export.triton.interface import Interface
from export.triton.profiles import Profile, profiles

PROVIDER = "TensorrtExecutionProvider"

_LIBRARY = f"libnvinfer.so.{MAJOR}"


class OnnxRuntimeProvider:
    """See `Builder`."""

    def __init__(self) -> None:
        """TensorRtUnavailable where ONNX Runtime has no such provider, or that no library."""
        if PROVIDER not in onnxruntime.get_available_providers():
            raise TensorRtUnavailable("ONNX Runtime is built without its TensorRT provider")
        try:
            said = ctypes.CDLL(_LIBRARY).getInferLibVersion()
        except (OSError, AttributeError) as exc:
            raise TensorRtUnavailable(f"TensorRT's library {_LIBRARY} is not installed") from exc
        # NvInferVersion.h: major * 10000 + minor * 100 + patch.
        self.version = f"{said // 10_000}.{said // 100 % 100}.{said % 100}"

    def build(self, graph: bytes, seen: Interface, timings: Path, precision: Precision) -> bytes:
        """See `Builder.build`."""
        with TemporaryDirectory() as place:
            compiled = Path(place) / "compiled.onnx"
            options = _options(seen, timings, precision) | {
                "trt_dump_ep_context_model": "1",
                "trt_ep_context_embed_mode": "1",
                "trt_ep_context_file_path": str(compiled),
            }
            try:
                onnxruntime.InferenceSession(graph, providers=[(PROVIDER, options)])
            except Exception as exc:
                # ONNX Runtime's exceptions share no base of their own.
                raise TensorRtFailed(f"TensorRT does not take the graph: {exc}") from exc
            if not compiled.exists():
                raise TensorRtFailed("ONNX Runtime left the whole graph to other providers")
            return _engine(onnx.load_model(compiled))


def _options(seen: Interface, timings: Path, precision: Precision) -> dict[str, str]:
    """As the provider's documentation spells them; one profile after the other, by commas."""
    wanted = profiles(seen.shapes)

    def shapes(of: Callable[[Profile], tuple[int, ...]]) -> str:
        return ",".join(f"{seen.input.name}:{'x'.join(map(str, of(one)))}" for one in wanted)

    return {
        "device_id": "0",
        "trt_max_workspace_size": str(WORKSPACE_BYTES),
        "trt_fp16_enable": "1" if precision == "fp16" else "0",
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(timings),
        "trt_profile_min_shapes": shapes(lambda one: one.smallest),
        "trt_profile_opt_shapes": shapes(lambda one: one.best),
        "trt_profile_max_shapes": shapes(lambda one: one.largest),
    }


def _engine(compiled: onnx.ModelProto) -> bytes:
    """The bytes of the one engine; TensorRtFailed where a part of the graph is not in it."""
    nodes = compiled.graph.node
    if [node.op_type for node in nodes] != ["EPContext"]:
        left = sorted({node.op_type for node in nodes} - {"EPContext"})
        raise TensorRtFailed(
            "TensorRT takes the graph only in parts; beside them stay: "
            + (", ".join(left) or "nothing, but there is more than one")
        )
    engines = [part.s for part in nodes[0].attribute if part.name == "ep_cache_context"]
    if not engines or not engines[0]:
        raise TensorRtFailed("ONNX Runtime wrote no engine into its context")
    return bytes(engines[0])
