"""The one seam between the pipeline and what runs the networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from service.engines.scores import Scores
from service.repository import ModelId


class View(NamedTuple):
    """One way to show a canvas: at a scale, mirrored or not."""

    scale: float
    flip: bool


@dataclass(frozen=True)
class TestTimeSettings:
    """How often a canvas is shown to the network, and how.

    Attributes:
        scales: factors of the canvas size; the model's contract turns them into exact sizes.
        flip: show each scale mirrored too.
    """

    scales: tuple[float, ...]
    flip: bool

    @property
    def views(self) -> list[View]:
        """For every time that a canvas is shown, how."""
        flips = (False, True) if self.flip else (False,)
        return [View(scale, flip) for scale in self.scales for flip in flips]

    @property
    def cost(self) -> float:
        """Work per canvas, in units of one canvas shown once at scale 1."""
        return sum(view.scale**2 for view in self.views)


class Engine(Protocol):
    """Scores person crops. One instance lives as long as the app."""

    async def scores(
        self, model: ModelId, canvases: NDArray[np.uint8], tta: TestTimeSettings
    ) -> Sequence[Scores]:
        """Of each of some canvases uint8[B, S_h, S_w, 3] RGB.

        The mean over scales and flip; the grid (h, w) is that of scale 1, asked for or not.

        Raises:
            EngineError: nothing else; each engine translates its own faults.
        """
        ...

    async def logits(self, model: ModelId, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels float32[B, 3, h, w] to what the network answers, logits float32[B, K, h', w'].

        Pixels are normalised as the contract says, h and w multiples of its `size_multiple`; the
        grid is h' = h / stride, w' = w / stride. No scales, no flip, no softmax.

        Raises:
            EngineError: nothing else; each engine translates its own faults.
        """
        ...

    async def ready(self) -> bool:
        """Whether `scores` and `logits` would be answered now."""
        ...

    async def close(self) -> None:
        """Give everything back; `scores` and `logits` raise EngineUnavailable from now on."""
        ...
