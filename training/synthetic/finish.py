"""What camera and file do to a picture: exposure, blur, grain, grey, JPEG."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import ImageU8, as_bytes, as_float
from training.synthetic.description import Finish


def composed(
    figure: NDArray[np.float32],
    background: ImageU8,
    shade: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The figure over its background: float32[H, W, 3] linear.

    Args:
        figure: float32[H, W, 4], linear and premultiplied.
        background: uint8[H, W, 3].
        shade: float32[H, W], how much light the background loses.
    """
    behind = (background.astype(np.float32) / 255) ** 2.2 * (1 - shade[..., None])
    return as_float(figure[..., :3] + behind * (1 - figure[..., 3:]))


def finished(linear: NDArray[np.float32], finish: Finish) -> bytes:
    """A JPEG of float32[H, W, 3] linear light."""
    random = np.random.default_rng(finish.seed)
    tint = np.array([finish.warmth, 1, 1 / finish.warmth], dtype=np.float32)
    light = np.clip(linear * finish.exposure * tint, 0, 1)
    picture = light ** np.float32(finish.gamma / 2.2) * 255
    if finish.motion > 1:
        picture = cv2.filter2D(picture, -1, _streak(finish.motion, finish.motion_angle))
    if finish.blur > 0:
        picture = cv2.GaussianBlur(picture, (0, 0), finish.blur)
    if finish.low_resolution > 1:
        picture = _resampled(picture, finish.low_resolution)
    if finish.gray:
        picture = np.repeat(picture @ _LUMA[:, None], 3, axis=2)
    grain = random.normal(0, 1, (*picture.shape[:2], 1 if finish.gray else 3))
    picture = picture + finish.grain * grain
    bgr = as_bytes(picture)[..., ::-1]
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, finish.quality])[1].tobytes()


_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _streak(length: float, angle: float) -> NDArray[np.float32]:
    """A kernel that blurs along a line."""
    side = int(np.ceil(length)) | 1
    kernel = np.zeros((side, side), dtype=np.float32)
    middle = side // 2
    reach = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]) * length / 2
    start, end = (tuple(np.rint(middle + sign * reach).astype(int).tolist()) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return as_float(kernel / kernel.sum())


def _resampled(picture: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """As if taken with fewer pixels, and enlarged."""
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture,
        (max(8, round(width / factor)), max(8, round(height / factor))),
        interpolation=cv2.INTER_AREA,
    )
    return as_float(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
