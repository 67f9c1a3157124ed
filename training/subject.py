"""What can be evaluated: a model that parses pictures in whichever way it is asked to."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from limn.geometry import Size
from limn.labels import LabelSet
from training.augment.recipe import scaled_canvas
from training.checkpoint import averaged_weights
from training.datasets.open import LABEL_SET_OF
from training.dense_crf import choose_with_crf, require_crf
from training.evaluation import Parse
from training.networks.build import build_network
from training.parser import TorchParser


@dataclass(frozen=True)
class View:
    """One way to show a picture to a network.

    Attributes:
        scales: of the canvas; their probabilities are averaged.
        flip: the mirrored picture too.
        side: longest side of the canvas in pixels, rounded to what the network takes; its own
            canvas if not given.
        crf: a dense CRF over the probabilities.
    """

    scales: tuple[float, ...]
    flip: bool = False
    side: int | None = None
    crf: bool = False


class Subject(Protocol):
    """A model to evaluate.

    Attributes:
        label_set: what its class indices mean.
        canvas: (height, width) in pixels at scale 1.
        scales: its own test-time scales.
    """

    label_set: LabelSet
    canvas: Size
    scales: tuple[float, ...]

    def parser(self, view: View) -> AbstractContextManager[Parse]:
        """Raises InvalidParameter, before it is entered: it cannot see pictures that way."""
        ...


class CheckpointSubject:
    """The averaged weights of a checkpoint, on torch: on a GPU where there is one."""

    def __init__(self, checkpoint: Path) -> None:
        config, weights = averaged_weights(checkpoint)
        self.label_set = LABEL_SET_OF[config.data.layout]
        self.canvas = config.data.canvas
        self.scales = config.data.test_scales
        self.network = build_network(config.model, len(self.label_set))
        self.network.load_state_dict(weights)
        self.network.to("cuda" if torch.cuda.is_available() else "cpu")

    def parser(self, view: View) -> AbstractContextManager[Parse]:
        canvas = self.canvas
        if view.side is not None:
            multiple = self.network.size_multiple
            canvas = scaled_canvas(canvas, view.side / max(canvas), multiple)
        parse = TorchParser(self.network, self.label_set, canvas, view.scales, view.flip)
        return nullcontext(_with_crf(parse) if view.crf else parse)


def _with_crf(parse: TorchParser) -> Parse:
    require_crf()

    def refined(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return choose_with_crf(image, parse.probabilities(image))

    return refined
