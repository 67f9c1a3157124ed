"""What every engine does around a network: a canvas seen at one scale, and its logits as scores."""

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Size
from limn.ops.array import preprocess, probabilities, resize, unmirror
from service.repository import ServedModel
from service.stages import stage


def grid_of(model: ServedModel) -> Size:
    """(h, w) of the scores at scale 1."""
    height, width = model.contract.canvas
    return height // model.contract.stride, width // model.contract.stride


def pixels_of(
    model: ServedModel, canvases: NDArray[np.uint8], scale: float, flip: bool
) -> NDArray[np.float32]:
    """Canvases uint8[B, S_h, S_w, 3] as the network takes them at a scale, float32[B, 3, h, w]."""
    contract = model.contract
    with stage("canvas"):
        seen = canvases[:, :, ::-1] if flip else canvases
        return preprocess(seen, contract.input_size(scale), contract.mean, contract.std)


def scores_of(model: ServedModel, logits: NDArray[np.float32], flip: bool) -> NDArray[np.float32]:
    """Logits float32[B, K, h', w'] of `pixels_of` to probabilities on `grid_of`, unmirrored.

    The logits' memory is used for the result where it can be.
    """
    with stage("fuse"):
        own = logits if logits.flags.writeable else None
        scores = resize(probabilities(logits, out=own), grid_of(model))
        return unmirror(scores, model.label_set.mirror) if flip else scores
