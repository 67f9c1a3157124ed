"""What is sent: pictures where a model takes bytes of pictures, noise where it takes numbers."""

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data
from tritonclient.utils import triton_to_np_dtype

from loadtests.server import Array, CannotMeasure, Model, TensorSpec

JPEG_QUALITY = 90


@cache
def astronaut() -> bytes:
    """The photo that scikit-image ships, as a JPEG of 512 x 512 pixels."""
    buffer = io.BytesIO()
    Image.fromarray(data.astronaut()).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


@cache
def portrait() -> bytes:
    """The middle of the astronaut at twice its size, a JPEG of 512 x 1024 pixels."""
    middle = Image.fromarray(data.astronaut()[:, 96:352])
    buffer = io.BytesIO()
    middle.resize((512, 1024), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def photo(file: Path | None) -> bytes:
    """An encoded picture: that of a file, or the astronaut."""
    return astronaut() if file is None else file.read_bytes()


def parse_shapes(texts: list[str]) -> dict[str, tuple[int, ...]]:
    """`NAME:3,384,256` to lengths by name, without the batch.

    Raises:
        ValueError: not of that form.
    """
    shapes = {}
    for text in texts:
        name, _, lengths = text.rpartition(":")
        shapes[name] = tuple(int(length) for length in lengths.split(","))
        if not name or min(shapes[name]) < 1:
            raise ValueError(f"{text!r} is not NAME:LENGTH,LENGTH,...")
    return shapes


def make_inputs(
    model: Model, batch: int, shapes: Mapping[str, tuple[int, ...]], picture: bytes
) -> dict[str, Array]:
    """Arrays for one request, by name.

    Args:
        batch: items in it; 1 where the model has no batches.
        shapes: without the batch, for inputs whose lengths the model leaves open.
        picture: encoded.

    Raises:
        CannotMeasure: the model takes no such batch, leaves a length open that `shapes` does not
            give, or takes what nothing is known to send for.
    """
    largest = max(model.max_batch, 1)
    if batch > largest:
        raise CannotMeasure(f"{model.name} takes batches of at most {largest}, not {batch}")
    unknown = shapes.keys() - {tensor.name for tensor in model.inputs}
    if unknown:
        raise CannotMeasure(f"{model.name} has no input {', '.join(sorted(unknown))}")
    return {
        tensor.name: _array(tensor, _shape(model, tensor, batch, shapes), picture)
        for tensor in model.inputs
    }


def _shape(
    model: Model, tensor: TensorSpec, batch: int, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[int, ...]:
    stated = tensor.shape[1:] if model.max_batch else tensor.shape
    shape = shapes.get(tensor.name, stated)
    fits = len(shape) == len(stated) and all(
        known in (-1, length) for known, length in zip(stated, shape, strict=True)
    )
    if not fits or -1 in shape:
        raise CannotMeasure(
            f"{model.name} takes {tensor.name} of {list(stated)}; say which by"
            f" --shape {tensor.name}:LENGTH,LENGTH,..."
        )
    return (batch, *shape) if model.max_batch else shape


def _array(tensor: TensorSpec, shape: tuple[int, ...], picture: bytes) -> Array:
    if tensor.datatype == "BYTES":
        return np.full(shape, picture, dtype=object)
    if tensor.datatype == "UINT8" and len(shape) >= 3 and shape[-1] == 3:
        return _pixels(shape, picture)
    if tensor.datatype.startswith("FP"):
        noise = np.random.default_rng(0).standard_normal(shape)
        return noise.astype(triton_to_np_dtype(tensor.datatype))
    raise CannotMeasure(f"nothing is known to send for {tensor.name}, {tensor.datatype}")


def _pixels(shape: tuple[int, ...], picture: bytes) -> Array:
    """uint8[..., H, W, 3]: the picture, moved to the side by a step for every item."""
    *items, height, width, _ = shape
    with Image.open(io.BytesIO(picture)) as opened:
        pixels = np.asarray(opened.convert("RGB").resize((width, height)))
    moved = [np.roll(pixels, 7 * item, axis=1) for item in range(int(np.prod(items)))]
    return np.stack(moved).reshape(shape)
