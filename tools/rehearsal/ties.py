"""Why weights are stored whole: what rounding them does to a network that has hardly learnt."""

from pathlib import Path

import numpy as np
import torch

from export.storage import SMALLEST
from limn.ops import tensor as ops
from tools.rehearsal.results import Ties
from training.checkpoint import averaged_weights
from training.datasets.open import LABEL_SET_OF, open_dataset
from training.networks.build import build_network
from training.validation import CanvasSet


@torch.inference_mode()
def find_ties(checkpoint: Path) -> Ties:
    """On all canvases of val, at scale 1."""
    config, weights = averaged_weights(checkpoint)
    data = config.data
    network = build_network(config.model, len(LABEL_SET_OF[data.layout])).eval()
    canvases = CanvasSet(open_dataset(data.layout, data.root, "val"), data.canvas)
    images = torch.from_numpy(np.stack(canvases.images))
    pixels = ops.preprocess(images, data.canvas, network.mean, network.std)
    network.load_state_dict(weights)
    exact = network(pixels).high
    large = {name: value for name, value in weights.items() if value.numel() >= SMALLEST}
    network.load_state_dict(weights | {name: v.half().float() for name, v in large.items()})
    changed = exact.argmax(1) != network(pixels).high.argmax(1)
    best, second = exact.topk(2, dim=1).values.unbind(1)
    margins = best - second
    return Ties(
        float(changed.float().mean()), float(margins.median()), float(margins[changed].median())
    )
