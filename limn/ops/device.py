"""What serving needs of torch: a device, arrays to it and from it, in an order of its own.

Source: PyTorch, "CUDA semantics" (streams, pinned memory).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from limn.errors import DeviceUnavailable

Kind = Literal["cuda", "cpu"]


class Device:
    """A GPU with one stream, for all of an engine's work; or the CPU, which does the same slower.

    Attributes:
        kind: also the name that ONNX Runtime has for its memory.
        stream: CUDA's handle of the stream, for other libraries to work on it too; None on a CPU.
    """

    def __init__(self, kind: Kind) -> None:
        """DeviceUnavailable where torch finds no GPU."""
        if kind == "cuda" and not torch.cuda.is_available():
            raise DeviceUnavailable(
                f"torch {torch.__version__} finds no CUDA device: LIMN_DEVICE=cpu runs without one"
            )
        self.kind = kind
        self._device = torch.device(kind)
        self._stream = torch.cuda.Stream() if kind == "cuda" else None  # type: ignore[no-untyped-call]

    @property
    def stream(self) -> int | None:
        return None if self._stream is None else self._stream.cuda_stream

    @contextmanager
    def working(self) -> Iterator[None]:
        """Put what is done inside on the stream, and end when it has been done."""
        with torch.inference_mode():
            if self._stream is None:
                yield
                return
            with torch.cuda.stream(self._stream):
                yield
            self._stream.synchronize()

    def upload(self, values: NDArray[Any]) -> Tensor:
        """A copy on the device, through pinned memory, which a GPU reads by itself."""
        tensor = torch.from_numpy(np.ascontiguousarray(values))
        if self._stream is None:
            return tensor
        return tensor.pin_memory().to(self._device, non_blocking=True)

    def memory_bytes(self) -> float:
        """Memory of the GPU that is taken, by whomever; 0 on a CPU."""
        if self._stream is None:
            return 0
        free, total = torch.cuda.mem_get_info(self._device)
        return total - free

    def empty(self, shape: tuple[int, ...]) -> Tensor:
        """float32, not filled."""
        return torch.empty(shape, dtype=torch.float32, device=self._device)


def joined(tensors: Sequence[Tensor]) -> Tensor:
    """One after the other along the first dimension; the one itself if there is no other."""
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))


def download(tensor: Tensor) -> NDArray[Any]:
    """A copy in the host's memory, complete; on a CPU too, where memory is used again as well."""
    copied: NDArray[Any] = tensor.to("cpu", copy=True).numpy()
    return copied
