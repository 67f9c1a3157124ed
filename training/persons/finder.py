"""The person finder as it is served: a picture's persons as boxes with scores, best first."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.persons.network import STRIDE, PersonNetwork

MOST = 96
"""Boxes that are answered, whatever their score."""


class PersonFinder(nn.Module):
    """A network with what makes boxes of its answer.

    A cell that is the highest of the 3 x 3 around it is a person's middle (Zhou et al. 2019), so
    that what overlaps need not be suppressed by comparing boxes.
    """

    def __init__(self, network: PersonNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Of normalised pixels float[B, 3, S, S].

        Returns:
            boxes float[B, N, 4], (x1, y1, x2, y2) in those pixels, and scores float[B, N] from 0 to
            1, falling.
        """
        (pixels,) = inputs
        found = self.network(pixels)
        heat = torch.sigmoid(found.heat)
        peaks = heat * (F.max_pool2d(heat, 3, stride=1, padding=1) == heat).float()
        peaks = peaks.flatten(1)
        scores, cells = peaks.topk(min(MOST, peaks.shape[1]), dim=1)
        width = heat.shape[3]
        x = ((cells % width).float() + 0.5) * STRIDE
        y = (torch.div(cells, width, rounding_mode="floor").float() + 0.5) * STRIDE
        edges = found.edges.flatten(2).gather(2, cells.unsqueeze(1).expand(-1, 4, -1))
        left, top, right, bottom = edges.unbind(1)
        return torch.stack([x - left, y - top, x + right, y + bottom], dim=2), scores
