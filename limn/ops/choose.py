"""Upsample scores, then choose: the winning class of every photo pixel, summed at borders only.

The scores are interpolated bilinearly (half-pixel centres, clamped to the part of the grid that
the photo covers) and each pixel takes the class with the highest one, the lowest index on a tie.
A bilinear score is a convex combination of its four neighbours. So where all four choose the same
class, the pixel does too; and in any cell of the grid a class can win only if its largest corner
reaches the best among the smallest corners. What is left to sum are a few classes at borders.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from limn.geometry import Region, Size, grid_positions

PATCH_FLOATS = 1 << 16
"""Interpolated scores held at a time; the working set stays in a core's cache."""

UNCLEAR = np.uint8(255)
"""In place of a class; agrees with none."""

SLACK = np.float32(2**-20)
"""Relative to the largest score: more than three float32 roundings can shift two sums apart."""


@dataclass(frozen=True)
class Axis:
    """Where the pixels along one axis of the photo fall on the grid.

    Pixels between the same two grid lines form a run: they share their neighbours.

    Attributes:
        low, high: intp[N], the two neighbours of every run.
        start, stop: intp[N], the pixels of every run, half open.
        weight: float32[pixels], weight of `high`; `low` weighs 1 minus that.
    """

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    start: NDArray[np.intp]
    stop: NDArray[np.intp]
    weight: NDArray[np.float32]

    @classmethod
    def make(cls, pixels: int, cells: int, first_edge: float, last_edge: float) -> Self:
        """Spread `pixels` over the cells between two edges, see `grid_positions`."""
        position = grid_positions(pixels, cells, first_edge, last_edge)
        low = np.floor(position).astype(np.intp)
        # A pixel on a centre needs no second neighbour, and its run can then be shorter.
        high = np.ceil(position).astype(np.intp)
        changes = (np.diff(low) != 0) | (np.diff(high) != 0)
        start = np.concatenate(([0], np.flatnonzero(changes) + 1))
        return cls(
            low[start],
            high[start],
            start,
            np.append(start[1:], pixels),
            (position - low).astype(np.float32),
        )

    @property
    def lengths(self) -> NDArray[np.intp]:
        return self.stop - self.start

    def pixels_of(self, runs: NDArray[np.intp]) -> NDArray[np.intp]:
        """intp[L, n]: pixels of n runs, every run filled up to the longest with its last pixel."""
        steps = np.arange(self.lengths.max())[:, np.newaxis]
        return np.minimum(self.start[runs] + steps, self.stop[runs] - 1)


@dataclass(frozen=True)
class _Winners:
    """Per grid cell: the best class uint8[h, w] and its score float32[h, w].

    The class is `UNCLEAR` where another is about as good.
    """

    index: NDArray[np.uint8]
    score: NDArray[np.float32]


def upsample_and_choose(
    scores: NDArray[np.float32], size: Size, region: Region
) -> NDArray[np.uint8]:
    """Class index of every photo pixel.

    Args:
        scores: float32[K, h, w], K at most 255, finite.
        size: (H, W) of the photo.
        region: the part of the grid that the photo covers, see `Letterbox.region`.

    Returns:
        uint8[H, W], exactly what upsampling all K maps and choosing would give. Extra memory
        does not grow with the photo.
    """
    return _choose(scores, size, region, confidence=None)


def upsample_and_choose_with_confidence(
    scores: NDArray[np.float32], size: Size, region: Region
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Class index and winning score, both uint8[H, W]; a score of 1 is 255.

    The arguments are those of `upsample_and_choose`; scores are probabilities.
    """
    confidence = np.empty(size, dtype=np.uint8)
    return _choose(scores, size, region, confidence), confidence


def _choose(
    scores: NDArray[np.float32],
    size: Size,
    region: Region,
    confidence: NDArray[np.uint8] | None,
) -> NDArray[np.uint8]:
    rows = Axis.make(size[0], scores.shape[1], region.top, region.bottom)
    columns = Axis.make(size[1], scores.shape[2], region.left, region.right)
    slack = SLACK * max(scores.max(), -scores.min())
    winners = _winners(scores, slack)
    corners = winners.index[rows.low][:, columns.low]
    label_map = np.repeat(np.repeat(corners, columns.lengths, 1), rows.lengths, 0)
    if confidence is not None:
        _upsample(winners.score, rows, columns, confidence)
    borders = _Borders.find(scores, winners, rows, columns, slack)
    borders.paint(rows, columns, label_map, confidence)
    return label_map


def _winners(scores: NDArray[np.float32], slack: np.float32) -> _Winners:
    best = scores.max(axis=0)
    good = (scores >= best - slack).view(np.uint8)
    index = np.zeros(best.shape, dtype=np.uint8)
    for class_index, plane in enumerate(good[1:], start=1):
        index += plane * np.uint8(class_index)
    index[good.sum(axis=0, dtype=np.uint8) > 1] = UNCLEAR
    return _Winners(index, best)


def _upsample(
    plane: NDArray[np.float32], rows: Axis, columns: Axis, out: NDArray[np.uint8]
) -> None:
    """Interpolate probabilities [h, w] to uint8[H, W], a block of rows at a time."""
    low = np.repeat(columns.low, columns.lengths)
    high = np.repeat(columns.high, columns.lengths)
    widened = plane[:, low] * (1 - columns.weight) + plane[:, high] * columns.weight
    widened *= 255
    widened += 0.5
    low = np.repeat(rows.low, rows.lengths)
    high = np.repeat(rows.high, rows.lengths)
    step = max(1, PATCH_FLOATS // out.shape[1])
    for start in range(0, len(out), step):
        block = slice(start, start + step)
        weight = rows.weight[block, np.newaxis]
        out[block] = widened[low[block]] * (1 - weight) + widened[high[block]] * weight


@dataclass(frozen=True)
class _Borders:
    """Cells with more than one possible winner, those with most candidates first.

    Attributes:
        row, column: intp[n], runs of the cell on both axes.
        corners: float32[K, 4, n], scores at upper left, lower left, upper right, lower right; in
            the order in which they were found.
        found: intp[n], where the cells are in `corners`.
        candidates: intp[n], how many classes can win in the cell.
        first: intp[n], where the cell's classes start in `classes`.
        classes: uint8[sum of candidates], ascending within a cell.
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    corners: NDArray[np.float32]
    found: NDArray[np.intp]
    candidates: NDArray[np.intp]
    first: NDArray[np.intp]
    classes: NDArray[np.uint8]

    @classmethod
    def find(
        cls,
        scores: NDArray[np.float32],
        winners: _Winners,
        rows: Axis,
        columns: Axis,
        slack: np.float32,
    ) -> Self:
        upper, lower = winners.index[rows.low], winners.index[rows.high]
        agreed = upper[:, columns.low]
        unsettled = agreed == UNCLEAR
        for other in (upper[:, columns.high], lower[:, columns.low], lower[:, columns.high]):
            unsettled |= other != agreed
        row, column = np.nonzero(unsettled)
        width = scores.shape[2]
        cells = np.stack(
            [
                y[row] * width + x[column]
                for x in (columns.low, columns.high)
                for y in (rows.low, rows.high)
            ]
        )
        corners = np.take(scores.reshape(len(scores), -1), cells, axis=1)  # [K, 4, n]
        bar = corners.min(axis=1).max(axis=0) - slack
        possible = corners.max(axis=1) >= bar  # [K, n]
        candidates = possible.sum(axis=0)
        order = np.argsort(-candidates, kind="stable")
        candidates = candidates[order]
        classes = np.nonzero(possible[:, order].T)[1].astype(np.uint8)
        first = np.cumsum(candidates) - candidates
        return cls(row[order], column[order], corners, order, candidates, first, classes)

    def paint(
        self,
        rows: Axis,
        columns: Axis,
        label_map: NDArray[np.uint8],
        confidence: NDArray[np.uint8] | None,
    ) -> None:
        """Write the winners inside these cells into `label_map`, their scores beside it."""
        step = max(1, PATCH_FLOATS // int(rows.lengths.max() * columns.lengths.max()))
        for start in range(0, len(self.row), step):
            cells = slice(start, start + step)
            ys = rows.pixels_of(self.row[cells])
            xs = columns.pixels_of(self.column[cells])
            labels, best = self._winners(cells, rows.weight[ys], columns.weight[xs])
            # One index per pixel is a quarter of the time of two.
            where = (ys * label_map.shape[1])[:, np.newaxis] + xs[np.newaxis]
            label_map.reshape(-1)[where] = labels
            if confidence is not None:
                confidence.reshape(-1)[where] = best * 255 + np.float32(0.5)

    def _winners(
        self, cells: slice, down: NDArray[np.float32], right: NDArray[np.float32]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Winner and score of every pixel in n cells, uint8 and float32 [L_y, L_x, n].

        The weights `down` [L_y, n] and `right` [L_x, n] keep the cells last, so that each step
        runs over long rows of memory.
        """
        found, first, fewer = self.found[cells], self.first[cells], -self.candidates[cells]
        up, left = 1 - down, 1 - right
        labels = np.empty((len(down), len(right), down.shape[1]), np.uint8)
        best = np.empty(labels.shape, np.float32)
        for rank in range(-int(fewer[0])):
            # The cells with more candidates than this are the first ones.
            count = int(np.searchsorted(fewer, -rank))
            classes = self.classes[first[:count] + rank]
            a, b, c, d = np.ascontiguousarray(self.corners[classes, :, found[:count]].T)
            left_edge = a * up[:, :count] + b * down[:, :count]
            right_edge = c * up[:, :count] + d * down[:, :count]
            scores = left_edge[:, np.newaxis] * left[:, :count]
            scores += right_edge[:, np.newaxis] * right[:, :count]
            if rank == 0:
                labels[:], best = classes, scores
                continue
            # A masked copy would take pixel by pixel; what wraps around wraps back.
            labels[:, :, :count] += (scores > best[:, :, :count]) * (classes - labels[:, :, :count])
            np.maximum(best[:, :, :count], scores, out=best[:, :, :count])
        return labels, best
