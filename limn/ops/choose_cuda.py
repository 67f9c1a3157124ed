"""Upsample scores, then choose, in a GPU's memory: what `limn.ops.choose` does in the host's.

One kernel, `choose.cu`, does a photo. It is compiled for the GPU at hand when it is first wanted,
by NVRTC, and writes label maps into memory of the host's that the GPU can reach: nothing else is
copied, and no other library's kernels take part.

Source: NVIDIA, cuda.core (Program, launch, `Stream.from_handle`); "CUDA C++ Programming Guide",
mapped memory.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from limn.errors import DeviceUnavailable
from limn.geometry import GridAxis, Region, Size
from limn.ops import choose
from limn.ops.device import Device

_SOURCE = Path(__file__).with_name("choose.cu")
_THREADS = 256
_PIXELS_PER_THREAD = 4


class CudaChooser:
    """Chooses on a device; several threads may ask at once."""

    def __init__(self, device: Device) -> None:
        """Compile the kernel, and have it choose once.

        Raises:
            DeviceUnavailable: it cannot be compiled or run here, or chooses other classes than
                the CPU does.
        """
        self._device = device
        try:
            self._cuda: Any = importlib.import_module("cuda.core")
            self._cuda.Device(0).set_current()
            # Contracted, they would round otherwise than a CPU does.
            options = self._cuda.ProgramOptions(name=_SOURCE.name, fma=False)
            program = self._cuda.Program(_SOURCE.read_text(), "c++", options)
            self._kernel = program.compile("cubin").get_kernel("limn_choose")
            self._stream = self._cuda.Stream.from_handle(device.answers)
            self._require_same()
        except Exception as exc:
            # cuda.core's exceptions share no base, nor do those of the libraries that it looks for.
            raise DeviceUnavailable(f"classes cannot be chosen on the GPU: {exc}") from exc

    def upsample_and_choose(self, scores: Tensor, size: Size, region: Region) -> NDArray[np.uint8]:
        """See `limn.ops.choose.upsample_and_choose`, bit for bit.

        Args:
            scores: float32[K, h, w] on the device, computed by now.
            size, region: see there.

        Raises:
            FloatingPointError, ValueError: as there.
            RuntimeError: the GPU failed.
        """
        return self._choose(scores, size, region, with_confidence=False)[0]

    def upsample_and_choose_with_confidence(
        self, scores: Tensor, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """See `limn.ops.choose.upsample_and_choose_with_confidence`; the rest as above."""
        return self._choose(scores, size, region, with_confidence=True)

    def _choose(
        self, scores: Tensor, size: Size, region: Region, *, with_confidence: bool
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Label map and confidence; the second has no pixels where nobody wants it."""
        rows, columns = choose.checked_axes(tuple(scores.shape), size, region)
        pixels = size[0] * size[1]
        # The kernel writes whole words. The last byte is for its complaint.
        map_bytes = -(-pixels // _PIXELS_PER_THREAD) * _PIXELS_PER_THREAD
        maps = 2 if with_confidence else 1
        with self._device.answering():
            scores = scores.contiguous()
            memory = self._device.reachable_bytes(maps * map_bytes + 1)
            memory[-1] = 0
            address = memory.ctypes.data
            self._launch(
                -(-pixels // (_THREADS * _PIXELS_PER_THREAD)),
                scores.data_ptr(),
                *scores.shape,
                *size,
                *_doubles(rows),
                *_doubles(columns),
                address,
                address + map_bytes if with_confidence else 0,
                address + memory.size - 1,
            )
            self._device.mark()()
        if memory[-1]:
            raise FloatingPointError("scores are NaN or infinite")
        label_map = memory[:pixels].reshape(size)
        sure = memory[map_bytes : map_bytes + pixels] if with_confidence else memory[:0]
        return label_map, sure.reshape(size if with_confidence else 0)

    def _launch(self, blocks: int, *arguments: float) -> None:
        """Of Python's numbers cuda.core makes `long long`, a pointer or `double`."""
        try:
            # Every thread has a current device of its own.
            self._cuda.Device(0).set_current()
            config = self._cuda.LaunchConfig(grid=blocks, block=_THREADS)
            self._cuda.launch(self._stream, config, self._kernel, *arguments)
        except Exception as exc:
            raise RuntimeError(f"classes were not chosen: {type(exc).__name__}: {exc}") from exc

    def _require_same(self) -> None:
        """DeviceUnavailable unless an example's classes are those that the CPU chooses."""
        scores = np.random.default_rng(0).random((20, 12, 8), dtype=np.float32)
        size, region = (93, 61), Region(0, 0.5, 12, 7.5)
        with self._device.working():
            uploaded = self._device.upload(scores)
            self._device.mark()()
        found = self.upsample_and_choose_with_confidence(uploaded, size, region)
        expected = choose.upsample_and_choose_with_confidence(scores, size, region)
        if not np.array_equal(found, expected):
            raise DeviceUnavailable("they are not those that the CPU chooses")


def _doubles(axis: GridAxis) -> tuple[float, float, float, float]:
    """As the kernel takes them; an edge may be a whole number, which would go as an integer."""
    return float(axis.edge), float(axis.step), float(axis.first), float(axis.last)
