"""Operators of INT8 networks for ONNX Runtime on a CPU: `export/kernels.py` writes graphs of them.

Compiled when Limn is installed, for x86-64 CPUs with AVX2 and FMA. Where the CPU and the system
have AVX-VNNI or AVX-512 VNNI they use that, and AMX for products of matrices: the same answers, bit
for bit.
"""

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def library() -> Path | None:
    """What `SessionOptions.register_custom_ops_library` takes; None where this CPU cannot run it.

    Raises:
        ImportError: it was not compiled.
    """
    spec = find_spec("limn.ops._kernels")
    if spec is None or spec.origin is None:
        raise ImportError("limn/ops/kernels is not compiled: install Limn (`make install`)")
    return Path(spec.origin) if ctypes.CDLL(spec.origin).limn_kernels_supported() else None
