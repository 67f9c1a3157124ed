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


def cloth_with_a_hole(hole_m: float) -> _Sheet:
    cloth, triangles = sheet(0.4, 0.02)
    middles = np.abs(cloth[triangles].mean(axis=1)[:, :2]).max(axis=1)
    return cloth, triangles[middles > hole_m / 2]


@pytest.mark.parametrize(("hole_m", "is_seen"), [(0.05, False), (0.14, True)])
def test_a_speck_of_a_shirt_in_a_coat_is_dropped_and_a_neckline_is_not(
    hole_m: float, is_seen: bool
) -> None:
    shirt, triangles = sheet(0.8, 0.0)

    covered = tuck(
        shirt,
        triangles,
        UP.repeat(len(shirt), 0),
        [cloth_with_a_hole(hole_m)],
        is_cloth=True,
        is_under_coat=True,
    )

    middles = np.abs(shirt[triangles].mean(axis=1)[:, :2]).max(axis=1)
    assert covered.keep[middles < 0.02].all() == is_seen
    assert covered.keep[middles < 0.02].any() == is_seen


def test_a_knot_above_the_cloth_stays() -> None:
    shirt, of_shirt = sheet(0.3, 0.0)
    knot, of_knot = sheet(0.03, 0.05)
    both = np.concatenate([shirt, knot])
    triangles = np.concatenate([of_shirt, of_knot + len(shirt)])

    covered = tuck(
        both,
        triangles,
        UP.repeat(len(both), 0),
        [sheet(0.4, 0.0)],
        is_cloth=True,
        is_under_coat=True,
    )

    assert covered.keep[len(of_shirt) :].all()


def test_hair_is_lifted_onto_the_cloth_that_it_would_lie_in() -> None:
    hair, _ = sheet(0.2, -0.01)
    movable = hair[:, 0] > 0

    lifted = lift(hair, movable, [sheet(0.4, 0.0)], 0.012)

    assert lifted[movable, 2] == pytest.approx(0.012)
    assert (lifted[~movable] == hair[~movable]).all()
