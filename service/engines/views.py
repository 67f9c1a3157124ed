"""What every engine does around a network: a canvas seen one way, and its logits as scores."""

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Size
from limn.ops.array import normalise, probabilities, resize, unmirror
from service.repository import ServedModel
from service.stages import stage


def grid_of(model: ServedModel) -> Size:
    """(h, w) of the scores at scale 1."""
    height, width = model.contract.canvas
    return height // model.contract.stride, width // model.contract.stride


def planes_of(model: ServedModel, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Canvases uint8[B, S_h, S_w, 3] normalised, float32[B, 3, S_h, S_w]: once for all views."""
    with stage("canvas"):
        return normalise(canvases, model.contract.mean, model.contract.std)


def pixels_of(
    model: ServedModel, planes: NDArray[np.float32], scale: float, flip: bool
) -> NDArray[np.float32]:
    """`planes_of` canvases as the network takes them at a scale, float32[B, 3, h, w]."""
    with stage("canvas"):
        seen = planes[:, :, :, ::-1] if flip else planes
        return np.ascontiguousarray(resize(seen, model.contract.input_size(scale)))


def scores_of(model: ServedModel, logits: NDArray[np.float32], flip: bool) -> NDArray[np.float32]:
    """Logits float32[B, K, h', w'] of `pixels_of` to probabilities on their own grid, unmirrored.

    The logits' memory is used for the result where it can be.
    """
    with stage("fuse"):
        own = logits if logits.flags.writeable else None
        scores = probabilities(logits, out=own)
        return unmirror(scores, model.label_set.mirror) if flip else scores
