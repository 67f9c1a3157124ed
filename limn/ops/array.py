"""From a person crop to the network's input and from its logits to fused scores, on the CPU."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.geometry import Letterbox, Size

Triple = tuple[float, float, float]


def letterbox(
    image: NDArray[np.uint8], box: Letterbox, fill: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Place a crop on its canvas with one resize.

    Args:
        image: uint8[H, W, 3] RGB, the crop itself; a view into a photo will do.
        box: placement made by `Letterbox.fit` for this very H and W.
        fill: RGB of the padding.

    Returns:
        uint8[S_h, S_w, 3] RGB.

    Raises:
        ValueError: `image` is not the size that `box` was made for.
    """
    if image.shape[:2] != box.crop:
        raise ValueError(f"the image is {image.shape[:2]}, the letterbox is for {box.crop}")
    height, width = box.content
    shrinks = height < box.crop[0] or width < box.crop[1]
    content = cv2.resize(
        image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    below, beside = box.canvas[0] - box.top - height, box.canvas[1] - box.left - width
    canvas = cv2.copyMakeBorder(
        content, box.top, below, box.left, beside, cv2.BORDER_CONSTANT, value=fill
    )
    return np.asarray(canvas, dtype=np.uint8)


def preprocess(
    canvases: NDArray[np.uint8], size: Size, mean: Triple, std: Triple
) -> NDArray[np.float32]:
    """Resize and normalise canvases for the network.

    The resize is bilinear with half-pixel centres and without antialiasing, and it happens in
    float: `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)` of the pixels.

    Args:
        canvases: uint8[B, S_h, S_w, 3] RGB.
        size: (h, w) of the network's input.
        mean, std: per channel, of pixels in 0 to 1.

    Returns:
        float32[B, 3, h, w], contiguous, `(pixel / 255 - mean) / std`.
    """
    levels = np.arange(256, dtype=np.float64)[:, np.newaxis] / 255
    # Normalising the 256 levels before the resize gives the same pixels: both steps are affine.
    tables = ((levels - mean) / std).astype(np.float32)
    pixels = np.empty((len(canvases), 3, *size), dtype=np.float32)
    for canvas, planes in zip(canvases, pixels, strict=True):
        for channel, plane in enumerate(planes):
            levels_of_plane = np.ascontiguousarray(canvas[:, :, channel])
            normalised = cv2.LUT(levels_of_plane, tables[:, channel].reshape(1, 256))
            plane[:] = _resize(np.asarray(normalised, dtype=np.float32), size)
    return pixels


def probabilities(
    logits: NDArray[np.float32], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Softmax over the classes.

    Args:
        logits: float32[B, K, h, w].
        out: where to put the result; `logits` itself saves a third of the time.

    Returns:
        float32[B, K, h, w], `out` if that was given.
    """
    scores: NDArray[np.float32] = np.subtract(logits, logits.max(axis=1, keepdims=True), out=out)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def unmirror(scores: NDArray[np.float32], mirror: NDArray[np.intp]) -> NDArray[np.float32]:
    """Scores of the mirrored canvas, turned back: flipped along x, left and right exchanged.

    Args:
        scores: float32[B, K, h, w] of `canvases[:, :, ::-1]`.
        mirror: intp[K], see `LabelSet.mirror`.
    """
    return np.ascontiguousarray(scores[:, mirror, :, ::-1])


def fuse(scores: Sequence[NDArray[np.float32]], grid: Size) -> NDArray[np.float32]:
    """Mean of probabilities from several scales and flips on one grid.

    Args:
        scores: float32[B, K, h_i, w_i] each, over the same canvases.
        grid: (h, w) of the result; other sizes are resized to it bilinearly.

    Returns:
        float32[B, K, h, w].
    """
    batch, classes = scores[0].shape[:2]
    fused = np.zeros((batch, classes, *grid), dtype=np.float32)
    for part in scores:
        fused += resize(part, grid)
    fused *= np.float32(1 / len(scores))
    return fused


def resize(scores: NDArray[np.float32], grid: Size) -> NDArray[np.float32]:
    """Score maps float32[B, K, H, W] on another grid, bilinearly; the same array if it fits."""
    if scores.shape[2:] == grid:
        return scores
    resized = np.empty((*scores.shape[:2], *grid), dtype=np.float32)
    for planes, targets in zip(scores, resized, strict=True):
        for plane, target in zip(planes, targets, strict=True):
            target[:] = _resize(plane, grid)
    return resized


def _resize(plane: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    """Bilinear with half-pixel centres: float32[H, W] to float32[h, w]."""
    if plane.shape == size:
        return plane
    resized = cv2.resize(plane, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.float32)
