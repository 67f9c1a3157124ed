"""What serving needs of torch: a device, arrays to it and from it, in an order of its own.

Source: PyTorch, "CUDA semantics" (streams, pinned memory).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor

from limn.errors import DeviceUnavailable

Kind = Literal["cuda", "cpu"]


class Device:
    """A GPU with one stream for an engine's batches and one for its answers; or a CPU, slower.

    Attributes:
        kind: also the name that ONNX Runtime has for its memory.
        stream, answers: CUDA's handles of both streams, for other libraries; None on a CPU.
    """

    def __init__(self, kind: Kind) -> None:
        """DeviceUnavailable where torch finds no GPU."""
        if kind == "cuda" and not torch.cuda.is_available():
            raise DeviceUnavailable(
                f"torch {torch.__version__} finds no CUDA device: LIMN_DEVICE=cpu runs without one"
            )
        self.kind = kind
        self._device = torch.device(kind)
        self._batches = torch.cuda.Stream() if kind == "cuda" else None  # type: ignore[no-untyped-call]
        # Its kernels go before those of batches.
        self._answers = torch.cuda.Stream(priority=-1) if kind == "cuda" else None  # type: ignore[no-untyped-call]

    @property
    def stream(self) -> int | None:
        return None if self._batches is None else self._batches.cuda_stream

    @property
    def answers(self) -> int | None:
        return None if self._answers is None else self._answers.cuda_stream

    @contextmanager
    def working(self) -> Iterator[None]:
        """Put what is done inside on the batches' stream; it may not have been done at the end."""
        with torch.inference_mode(), torch.cuda.stream(self._batches):
            yield

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Put what is done inside on the answers' stream, which waits for no batch.

        What it reads must have been done before.
        """
        with torch.inference_mode(), torch.cuda.stream(self._answers):
            yield

    def mark(self) -> Callable[[], None]:
        """What returns when all has been done that is on the stream that this is called in."""
        if self._batches is None:
            return _nothing
        # A thread that waits leaves its core to others.
        event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        event.record()
        return event.synchronize

    def fetch(self, tensor: Tensor) -> Callable[[], NDArray[Any]]:
        """A copy in the host's memory, after all that is on the stream that this is called in.

        Returns:
            What returns the copy, once it is complete. The memory is the copy's own.
        """
        on_gpu = self._batches is not None
        copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=on_gpu)
        copy.copy_(tensor, non_blocking=True)
        done = self.mark()

        def complete() -> NDArray[Any]:
            done()
            found: NDArray[Any] = copy.numpy()
            return found

        return complete

    def upload(self, values: NDArray[Any]) -> Tensor:
        """A copy on the device, through pinned memory, which a GPU reads by itself."""
        return self.upload_stacked([values], 1)[0]

    def upload_stacked(self, values: Sequence[NDArray[Any]], count: int) -> Tensor:
        """Arrays of one shape and dtype as a tensor [count, ...] on the device.

        Rows beyond the arrays hold whatever was in memory.
        """
        first = torch.from_numpy(values[0])
        on_gpu = self._batches is not None
        stacked = torch.empty((count, *first.shape), dtype=first.dtype, pin_memory=on_gpu)
        # numpy copies in this thread; torch would wake one per core, which then spin.
        for row, value in zip(stacked.numpy(), values, strict=False):
            row[...] = value
        return stacked.to(self._device, non_blocking=True)

    def constant(self, values: Sequence[float] | NDArray[Any]) -> Tensor:
        """On the device to stay; floats as float32."""
        return torch.tensor(values, device=self._device)

    def memory_bytes(self) -> float:
        """Memory of the GPU that is taken, by whomever; 0 on a CPU."""
        if self._batches is None:
            return 0
        free, total = torch.cuda.mem_get_info(self._device)
        return total - free

    def empty(self, shape: tuple[int, ...]) -> Tensor:
        """float32, not filled."""
        return torch.empty(shape, dtype=torch.float32, device=self._device)

    def zeros(self, count: int) -> Tensor:
        """uint8[count]."""
        return torch.zeros(count, dtype=torch.uint8, device=self._device)


def _nothing() -> None:
    """A CPU has done everything at once."""
