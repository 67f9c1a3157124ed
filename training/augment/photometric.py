"""How a camera changes a picture: light, colour, grey, blur, low resolution, noise, JPEG."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def light_and_colour(image: Image, rng: np.random.Generator) -> Image:
    """Strong changes of brightness, contrast, gamma, colour cast, saturation and hue."""
    levels = np.arange(256, dtype=np.float32) / 255
    gain = np.exp(rng.normal(0, 0.22)) * np.exp(rng.normal(0, 0.08, 3))
    shift = rng.normal(0, 0.06) + rng.normal(0, 0.02, 3)
    curve = levels[:, None] ** np.exp(rng.normal(0, 0.2))
    table = ((curve - 0.5) * gain + 0.5 + shift).clip(0, 1) * 255
    changed = np.empty_like(image)
    for channel in range(3):
        changed[..., channel] = table.astype(np.uint8)[image[..., channel], channel]
    if rng.random() < 0.6:
        hsv = cv2.cvtColor(changed, cv2.COLOR_RGB2HSV)
        hue = (np.arange(256) + rng.normal(0, 6)).round() % 180
        saturation = (np.arange(256) * np.exp(rng.normal(0, 0.35))).clip(0, 255)
        hsv[..., 0] = hue.astype(np.uint8)[hsv[..., 0]]
        hsv[..., 1] = saturation.astype(np.uint8)[hsv[..., 1]]
        changed = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.uint8)
    return changed


def grey(image: Image) -> Image:
    """Three equal channels of the luma."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.merge([luma, luma, luma]).astype(np.uint8)


def gaussian_blur(image: Image, sigma: float) -> Image:
    return cv2.GaussianBlur(image, (0, 0), sigma).astype(np.uint8)


def motion_blur(image: Image, length: int, angle: float) -> Image:
    """A streak of `length` pixels at `angle` degrees."""
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), angle, 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length)).astype(np.float32)
    return cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1e-6)).astype(np.uint8)


def low_resolution(image: Image, width: int) -> Image:
    """Shrink to `width` pixels and back, as the crop of a far person is."""
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    size = image.shape[1], image.shape[0]
    return cv2.resize(small, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def jpeg(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded.astype(np.uint8)


def noise(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Gaussian noise of standard deviation `sigma` grey levels."""
    grain = rng.normal(0, sigma, image.shape).astype(np.float32)
    return (image + grain).clip(0, 255).astype(np.uint8)


def camera(image: Image, rng: np.random.Generator) -> Image:
    """One random draw of everything above."""
    if rng.random() < 0.85:
        image = light_and_colour(image, rng)
    if rng.random() < 0.12:
        image = grey(image)
    if rng.random() < 0.15:
        width = int(np.exp(rng.uniform(np.log(40), np.log(140))))
        image = low_resolution(image, min(width, image.shape[1]))
    elif rng.random() < 0.15:
        image = gaussian_blur(image, float(rng.uniform(0.6, 2.8)))
    elif rng.random() < 0.08:
        image = motion_blur(image, int(rng.integers(3, 11)), float(rng.uniform(0, 180)))
    if rng.random() < 0.1:
        image = noise(image, float(rng.uniform(2, 14)), rng)
    if rng.random() < 0.2:
        image = jpeg(image, int(rng.integers(25, 80)))
    return image
