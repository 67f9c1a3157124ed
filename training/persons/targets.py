"""From boxes to what each cell of the person finder should say, and how wrong it is."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from training.persons.network import STRIDE, Found

SPREAD = 0.54 / 6
"""Standard deviation of a middle's hill as a share of its box's side (Liu et al. 2020)."""
LEARNS_EDGES = 0.3
"""Height of the hill from which on a cell learns its box."""
EDGE_WEIGHT = 4.0


class Targets:
    """For a batch: `heat` float[B, 1, h, w], `edges` [B, 4, h, w] and their `weight` [B, 1, h, w].

    `peaks` is the number of persons in the batch.
    """

    def __init__(self, heat: Tensor, edges: Tensor, weight: Tensor, peaks: int) -> None:
        self.heat, self.edges, self.weight, self.peaks = heat, edges, weight, peaks


def targets_of(boxes: list[NDArray[np.float32]], side: int) -> Targets:
    """Of boxes [N, 4] in pixels of square canvases, `side` pixels wide."""
    made = [_of_one(each, side // STRIDE) for each in boxes]
    heat, edges, weight = (
        torch.from_numpy(np.stack([one[part] for one in made])) for part in range(3)
    )
    return Targets(heat, edges, weight, sum(len(each) for each in boxes))


def _of_one(
    boxes: NDArray[np.float32], cells: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    heat = np.zeros((1, cells, cells), np.float32)
    edges = np.ones((4, cells, cells), np.float32)
    weight = np.zeros((1, cells, cells), np.float32)
    middles = (np.arange(cells, dtype=np.float32) + 0.5) * STRIDE
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    # Where two hills meet, the smaller person has the cell.
    for x1, y1, x2, y2 in boxes[np.argsort(-areas)]:
        column = min(cells - 1, int((x1 + x2) / 2 / STRIDE))
        row = min(cells - 1, int((y1 + y2) / 2 / STRIDE))
        across = np.exp(-0.5 * ((np.arange(cells) - column) * STRIDE / _sigma(x2 - x1)) ** 2)
        down = np.exp(-0.5 * ((np.arange(cells) - row) * STRIDE / _sigma(y2 - y1)) ** 2)
        hill = (down[:, np.newaxis] * across).astype(np.float32)
        np.maximum(heat[0], hill, out=heat[0])
        # A cell outside of its box has no distances to it.
        inside = (
            ((middles > x1) & (middles < x2))[np.newaxis]
            & ((middles > y1) & (middles < y2))[:, np.newaxis]
            & (hill >= LEARNS_EDGES)
        )
        if inside.any():
            edges[0][inside] = np.broadcast_to(middles - x1, inside.shape)[inside]
            edges[1][inside] = np.broadcast_to((middles - y1)[:, np.newaxis], inside.shape)[inside]
            edges[2][inside] = np.broadcast_to(x2 - middles, inside.shape)[inside]
            edges[3][inside] = np.broadcast_to((y2 - middles)[:, np.newaxis], inside.shape)[inside]
            weight[0][inside] = hill[inside] / hill[inside].sum()
    return heat, edges, weight


def _sigma(side: float) -> float:
    return max(SPREAD * float(side), STRIDE / 3)


def loss_of(found: Found, targets: Targets) -> tuple[Tensor, Tensor]:
    """Of middles and of boxes, each per person; the first is the focal loss of Zhou et al. 2019."""
    persons = max(1, targets.peaks)
    is_middle = (targets.heat > 0.999).float()
    probability = torch.sigmoid(found.heat)
    hits = F.logsigmoid(found.heat) * (1 - probability) ** 2 * is_middle
    misses = F.logsigmoid(-found.heat) * probability**2 * (1 - targets.heat) ** 4 * (1 - is_middle)
    heat = -(hits.sum() + misses.sum()) / persons
    edges = (targets.weight * (1 - _generalised_iou(found.edges, targets.edges))).sum() / persons
    return heat, EDGE_WEIGHT * edges


def _generalised_iou(one: Tensor, other: Tensor) -> Tensor:
    """Of boxes given as distances [B, 4, h, w] from the same points (Rezatofighi et al. 2019)."""
    least, most = torch.minimum(one, other), torch.maximum(one, other)
    shared, around = _area(least), _area(most)
    union = _area(one) + _area(other) - shared
    return shared / union - (around - union) / around


def _area(edges: Tensor) -> Tensor:
    """[B, 1, h, w]."""
    left, top, right, bottom = torch.unbind(edges, dim=1)
    return ((left + right) * (top + bottom)).unsqueeze(1)
