"""What clothes hide, on sheets of cloth above a sheet of skin."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.synthetic.cover import lift, tuck

UP = np.array([[0, 0, 1]], dtype=np.float32)

_Sheet = tuple[NDArray[np.float32], NDArray[np.int32]]


def sheet(side_m: float, z: float, cells: int = 40) -> _Sheet:
    """A square in the plane z, facing up, its middle at the origin."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, cells + 1), np.linspace(-0.5, 0.5, cells + 1))
    points = np.stack([x * side_m, y * side_m, np.full_like(x, z)], axis=-1).reshape(-1, 3)
    index = np.arange((cells + 1) ** 2).reshape(cells + 1, -1)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = [np.stack(corner, axis=-1).reshape(-1, 3) for corner in ((a, b, c), (a, c, d))]
    return points.astype(np.float32), np.concatenate(triangles).astype(np.int32)


def test_skin_under_cloth_is_dropped_but_for_a_hem() -> None:
    skin, triangles = sheet(0.8, 0.0)

    covered = tuck(skin, triangles, UP.repeat(len(skin), 0), [sheet(0.4, 0.02)])

    middles = np.abs(skin[triangles].mean(axis=1)[:, :2]).max(axis=1)
    assert not covered.keep[middles < 0.15].any()
    assert covered.keep[middles > 0.2].all()


def test_skin_that_pokes_through_is_pushed_below_the_cloth() -> None:
    skin, triangles = sheet(0.8, 0.0)

    covered = tuck(skin, triangles, UP.repeat(len(skin), 0), [sheet(0.4, -0.01)])

    under = np.abs(skin[:, :2]).max(axis=1) < 0.15
    assert covered.vertices[under, 2] == pytest.approx(-0.016)
    assert covered.vertices[np.abs(skin[:, :2]).max(axis=1) > 0.25, 2] == pytest.approx(0)


def test_cloth_far_above_covers_nothing() -> None:
    skin, triangles = sheet(0.8, 0.0)

    covered = tuck(skin, triangles, UP.repeat(len(skin), 0), [sheet(0.4, 0.3)])

    assert covered.keep.all()
    assert (covered.vertices == skin).all()


def test_hair_is_lifted_onto_the_cloth_that_it_would_lie_in() -> None:
    hair, _ = sheet(0.2, -0.01)
    movable = hair[:, 0] > 0

    lifted = lift(hair, movable, [sheet(0.4, 0.0)], 0.012)

    assert lifted[movable, 2] == pytest.approx(0.012)
    assert (lifted[~movable] == hair[~movable]).all()
