"""What every peer does with a photo: JPEG to palette PNG, in plain numpy and OpenCV.

Peers differ in who calls this, and in what runs the network. It is written as people who know both
libraries write it, every step with the library function that is made for it.
"""

import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import onnxruntime
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

Size = tuple[int, int]
"""(height, width)"""

Floats = NDArray[np.float32]
Network = Callable[[Floats], Floats]
"""pixels float32[1, 3, h, w] to logits float32[1, K, h / stride, w / stride]"""

MODEL_VARIABLE = "BENCH_MODEL"
"""Environment variable: the graph, whose contract.json lies beside it."""

PORT_VARIABLE = "BENCH_PORT"
"""Environment variable: where to listen, on the loopback address."""

PNG_LEVEL = 3


def model_file() -> Path:
    return Path(os.environ[MODEL_VARIABLE])


def port() -> int:
    return int(os.environ[PORT_VARIABLE])


@dataclass(frozen=True)
class Names:
    """Of a model and its two tensors."""

    model: str
    pixels: str
    logits: str


def model_names(model: Path) -> Names:
    """From the contract.json beside a graph."""
    stated = _contract(model)
    return Names(stated["name"], stated["tensors"]["pixels"], stated["tensors"]["logits"])


def _contract(model: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(model.with_name("contract.json").read_bytes())
    return document


@dataclass(frozen=True)
class Facts:
    """What the contract says of a network; scales are the input sizes of the views."""

    canvas: Size
    fill: tuple[int, int, int]
    stride: int
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    scales: tuple[Size, ...]
    palette: bytes

    @property
    def classes(self) -> int:
        return len(self.palette) // 3

    @classmethod
    def read(cls, model: Path) -> Self:
        """From the contract.json beside a graph."""
        stated = _contract(model)
        return cls(
            tuple(stated["canvas"]),
            tuple(stated["fill"]),
            stated["stride"],
            np.array(stated["mean"], np.float32),
            np.array(stated["std"], np.float32),
            tuple(tuple(size) for size in stated["scales"].values()),
            np.array(stated["labels"]["palette"], np.uint8).tobytes(),
        )


@dataclass(frozen=True)
class Fit:
    """Where a photo of (height, width) `photo` lies on the canvas: centred, its aspect kept."""

    photo: Size
    canvas: Size
    content: Size
    top: int
    left: int

    @classmethod
    def of(cls, photo: Size, canvas: Size) -> Self:
        scale = min(canvas[0] / photo[0], canvas[1] / photo[1])
        height, width = max(1, round(photo[0] * scale)), max(1, round(photo[1] * scale))
        return cls(
            photo,
            canvas,
            (height, width),
            (canvas[0] - height) // 2,
            (canvas[1] - width) // 2,
        )

    def cells(self, stride: int) -> tuple[slice, slice]:
        """The rows and columns of the scores that the photo covers, to the nearest cell."""
        ends = self.top + self.content[0], self.left + self.content[1]
        rows, columns = (
            slice(round(start / stride), max(round(start / stride) + 1, round(end / stride)))
            for start, end in zip((self.top, self.left), ends, strict=True)
        )
        return rows, columns


def decode(jpeg: bytes, canvas: Size) -> tuple[NDArray[np.uint8], Fit]:
    """uint8[H, W, 3] RGB, and where it lies on the canvas.

    Of a photo that is much larger than the canvas, the decoder makes a half, a quarter or an eighth
    of H and W, whichever is still enough.
    """
    height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
    fit = Fit.of((height, width), canvas)
    room = min(height // fit.content[0], width // fit.content[1])
    factor = next((each for each in (8, 4, 2) if each <= room), 1)
    image = simplejpeg.decode_jpeg(
        jpeg,
        min_height=-(-height // factor),
        min_width=-(-width // factor),
        min_factor=factor,
    )
    return np.asarray(image), fit


def letterbox(image: NDArray[np.uint8], fit: Fit, fill: tuple[int, int, int]) -> NDArray[np.uint8]:
    """The photo on its canvas, uint8[S_h, S_w, 3]: halved while it can be, then bilinear."""
    height, width = fit.content
    while image.shape[0] >= 2 * height and image.shape[1] >= 2 * width:
        rows, columns = image.shape[0] // 2, image.shape[1] // 2
        even = image[: 2 * rows, : 2 * columns]
        image = np.asarray(cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA))
    content = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    below, right = fit.canvas[0] - fit.top - height, fit.canvas[1] - fit.left - width
    canvas = cv2.copyMakeBorder(
        content, fit.top, below, fit.left, right, cv2.BORDER_CONSTANT, value=fill
    )
    return np.asarray(canvas, np.uint8)


def normalise(canvas: NDArray[np.uint8], facts: Facts) -> Floats:
    """float32[S_h, S_w, 3]."""
    pixels: Floats = canvas.astype(np.float32)
    pixels *= 1 / (255 * facts.std)
    pixels -= facts.mean / facts.std
    return pixels


def view(pixels: Floats, size: Size) -> Floats:
    """float32[1, 3, h, w]: normalised pixels at one of the scales."""
    resized = cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(resized.transpose(2, 0, 1)[np.newaxis])


def fuse(logits: Sequence[Floats], grid: Size) -> Floats:
    """Mean of the probabilities of all views, float32[K, h, w] on one grid."""
    fused = np.zeros((logits[0].shape[1], *grid), np.float32)
    for each in logits:
        scores = np.exp(each[0] - each[0].max(axis=0))
        scores /= scores.sum(axis=0)
        for plane, sum_of_views in zip(scores, fused, strict=True):
            sum_of_views += cv2.resize(plane, grid[::-1], interpolation=cv2.INTER_LINEAR)
    fused /= len(logits)
    return fused


def choose(scores: Floats, photo: Size) -> NDArray[np.uint8]:
    """uint8[H, W]: upsample class by class, and keep the best so far."""
    label_map = np.zeros(photo, np.uint8)
    best = cv2.resize(scores[0], photo[::-1], interpolation=cv2.INTER_LINEAR)
    for index, plane in enumerate(scores[1:], start=1):
        upsampled = cv2.resize(plane, photo[::-1], interpolation=cv2.INTER_LINEAR)
        np.copyto(label_map, index, where=upsampled > best)
        np.maximum(best, upsampled, out=best)
    return label_map


def encode(label_map: NDArray[np.uint8], palette: bytes) -> bytes:
    """8-bit palette PNG."""
    picture = Image.fromarray(label_map)
    picture.putpalette(palette)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=PNG_LEVEL)
    return buffer.getvalue()


@dataclass(frozen=True)
class Photo:
    """A photo on its canvas, ready for the network."""

    fit: Fit
    views: list[Floats]


def prepare(jpeg: bytes, facts: Facts) -> Photo:
    """All that comes before the network."""
    image, fit = decode(jpeg, facts.canvas)
    pixels = normalise(letterbox(image, fit, facts.fill), facts)
    return Photo(fit, [view(pixels, size) for size in facts.scales])


def finish(logits: Sequence[Floats], fit: Fit, facts: Facts) -> bytes:
    """All that comes after it."""
    grid = facts.canvas[0] // facts.stride, facts.canvas[1] // facts.stride
    rows, columns = fit.cells(facts.stride)
    content = np.ascontiguousarray(fuse(logits, grid)[:, rows, columns])
    return encode(choose(content, fit.photo), facts.palette)


class Parser:
    """The whole job in the calling thread, the network being whatever runs it."""

    def __init__(self, facts: Facts, network: Network) -> None:
        # Photos are worked on side by side: OpenCV's own threads would only get in their way.
        cv2.setNumThreads(1)
        self._facts = facts
        self._network = network

    def parse(self, jpeg: bytes) -> bytes:
        """JPEG to palette PNG of the photo's size."""
        photo = prepare(jpeg, self._facts)
        return finish([self._network(pixels) for pixels in photo.views], photo.fit, self._facts)


def onnx_network(model: Path) -> Network:
    """ONNX Runtime on one thread: a core per worker is what gives most photos per second."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(pixels: Floats) -> Floats:
        (logits,) = session.run(None, {name: pixels})
        return np.asarray(logits, np.float32)

    return run


def onnx_parser() -> Parser:
    """The parser that most peers hold, one per worker."""
    model = model_file()
    return Parser(Facts.read(model), onnx_network(model))
