"""Label maps drawn along a photo's edges: a dense CRF over a network's probabilities.

Krähenbühl and Koltun, NIPS 2011, by their own code. MMAN's table 4 has a row of it without its
parameters; these are those of DeepLab v2 for VOC 2012.
"""

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from limn.errors import InvalidParameter

ITERATIONS = 10
NEAR_WEIGHT, NEAR_PIXELS = 3, 1
ALIKE_WEIGHT, ALIKE_PIXELS, ALIKE_LEVELS = 4, 67, 3


def require_crf() -> None:
    """Raises InvalidParameter, field `crf`: the package is not installed."""
    if find_spec("pydensecrf") is None:
        raise InvalidParameter("crf", "needs a package: pip install '.[crf]' in a checkout")


def choose_with_crf(
    image: NDArray[np.uint8], probabilities: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The most likely label map where pixels near and alike should have one label.

    Args:
        image: uint8[H, W, 3] RGB.
        probabilities: float32[K, H, W].

    Returns:
        uint8[H, W] of class indices.
    """
    from pydensecrf.densecrf import DenseCRF2D

    classes, height, width = probabilities.shape
    energy = -np.log(np.maximum(probabilities, 1e-5)).reshape(classes, -1)
    field = DenseCRF2D(width, height, classes)
    field.setUnaryEnergy(np.ascontiguousarray(energy, dtype=np.float32))
    field.addPairwiseGaussian(sxy=NEAR_PIXELS, compat=NEAR_WEIGHT)
    field.addPairwiseBilateral(
        sxy=ALIKE_PIXELS,
        srgb=ALIKE_LEVELS,
        rgbim=np.ascontiguousarray(image),
        compat=ALIKE_WEIGHT,
    )
    marginals = np.asarray(field.inference(ITERATIONS)).reshape(classes, height, width)
    return np.asarray(marginals.argmax(axis=0), dtype=np.uint8)
