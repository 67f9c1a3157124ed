"""What builds an engine: TensorRT's own Python API, or ONNX Runtime's provider of it."""

from pathlib import Path
from typing import Literal, Protocol

from export.triton.interface import Interface

Precision = Literal["fp16", "fp32"]

MAJOR = 10
"""The version of TensorRT whose documentation the builders follow."""

WORKSPACE_BYTES = 2 << 30


class Builder(Protocol):
    """A TensorRT that is on this machine.

    Attributes:
        version: of TensorRT, the first part being `MAJOR`.
    """

    version: str

    def build(self, graph: bytes, seen: Interface, timings: Path, precision: Precision) -> bytes:
        """The serialised engine of an ONNX graph.

        Args:
            seen: what the graph takes, in which shapes.
            timings: folder where measured timings are kept from one engine to the next.

        Raises:
            TensorRtFailed: it does not take the graph, or builds no engine.
        """
        ...
