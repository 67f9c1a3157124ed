"""Upsample scores, then choose and paint, in a GPU's memory: as `limn.ops.choose` and `paint` do.

One kernel, `choose.cu`, does a photo, and one copy brings its maps back. It is compiled for the GPU
at hand when the service starts, by NVRTC.

Source: NVIDIA, cuda.core (Program, launch, `Stream.from_handle`).
"""

import importlib
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from limn.errors import DeviceUnavailable
from limn.geometry import GridAxis, Region, Size
from limn.ops import choose
from limn.ops.device import Device
from limn.ops.paint import colorize

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
        self._palettes: dict[bytes, Tensor] = {}
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
        return self._choose(scores, size, region).label_map

    def upsample_and_choose_with_confidence(
        self, scores: Tensor, size: Size, region: Region
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """See `limn.ops.choose.upsample_and_choose_with_confidence`; the rest as above."""
        chosen = self._choose(scores, size, region, sure=True)
        return chosen.label_map, chosen.confidence

    def upsample_and_paint(
        self, scores: Tensor, size: Size, region: Region, palette: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Label map uint8[H, W], and its colours uint8[H, W, 3] as `limn.ops.paint` has them.

        `palette` is uint8[256, 3]; the rest as above.
        """
        chosen = self._choose(scores, size, region, palette=palette)
        return chosen.label_map, chosen.colors

    def _choose(
        self,
        scores: Tensor,
        size: Size,
        region: Region,
        *,
        sure: bool = False,
        palette: NDArray[np.uint8] | None = None,
    ) -> "_Maps":
        rows, columns = choose.checked_axes(tuple(scores.shape), size, region)
        layout = _Layout(size, sure, palette is not None)
        with self._device.answering():
            scores = scores.contiguous()
            memory = self._device.zeros(layout.bytes)
            begin = memory.data_ptr()
            self._launch(
                -(-layout.pixels // (_THREADS * _PIXELS_PER_THREAD)),
                scores.data_ptr(),
                *scores.shape,
                *size,
                *_doubles(rows),
                *_doubles(columns),
                0 if palette is None else self._on_device(palette).data_ptr(),
                begin,
                begin + layout.confidence if sure else 0,
                begin + layout.colors if palette is not None else 0,
                begin + layout.fault,
            )
            fetched = self._device.fetch(memory)
        return layout.maps(fetched())

    def _on_device(self, palette: NDArray[np.uint8]) -> Tensor:
        """To stay: there are as many as label sets."""
        key = palette.tobytes()
        if key not in self._palettes:
            self._palettes[key] = self._device.constant(palette)
        return self._palettes[key]

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
        palette = np.random.default_rng(1).integers(0, 256, (256, 3), np.uint8)
        chosen = self._choose(uploaded, size, region, sure=True, palette=palette)
        label_map, sure = choose.upsample_and_choose_with_confidence(scores, size, region)
        expected = label_map, sure, colorize(label_map, palette)
        found = chosen.label_map, chosen.confidence, chosen.colors
        if not all(map(np.array_equal, found, expected)):
            raise DeviceUnavailable("they are not those that the CPU chooses")


class _Maps(NamedTuple):
    """uint8[H, W] and the same, and uint8[H, W, 3]; without pixels what nobody wants."""

    label_map: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    colors: NDArray[np.uint8]


class _Layout:
    """Where the kernel puts its maps in one piece of memory, in bytes from its beginning.

    Attributes:
        pixels: of the photo.
        confidence, colors: where these begin, if they are wanted; the label map begins at 0.
        fault: where there is a 1 once a score is no number.
        bytes: of all.
    """

    def __init__(self, size: Size, sure: bool, painted: bool) -> None:
        self.pixels = size[0] * size[1]
        # The kernel writes words: each map begins with one.
        room = -(-self.pixels // _PIXELS_PER_THREAD) * _PIXELS_PER_THREAD
        self.confidence = room
        self.colors = self.confidence + sure * room
        self.fault = self.colors + painted * 3 * room
        self.bytes = self.fault + 1
        self._shapes = (size, size if sure else (0, 0), (*size, 3) if painted else (0, 0, 3))

    def maps(self, memory: NDArray[np.uint8]) -> _Maps:
        """FloatingPointError where a score was no number."""
        if memory[self.fault]:
            raise FloatingPointError("scores are NaN or infinite")
        begins = (0, self.confidence, self.colors)
        return _Maps(
            *(
                memory[begin : begin + prod(shape)].reshape(shape)
                for begin, shape in zip(begins, self._shapes, strict=True)
            )
        )


def _doubles(axis: GridAxis) -> tuple[float, float, float, float]:
    """As the kernel takes them; an edge may be a whole number, which would go as an integer."""
    return float(axis.edge), float(axis.step), float(axis.first), float(axis.last)
