"""Arms and legs that reach for a place: two bones and a hinge between them."""

import numpy as np
from numpy.typing import NDArray

_Point = NDArray[np.float64]

# A stretched limb has no hinge plane, and looks stiff.
_STRETCH = 0.995


def reach(
    rest: tuple[_Point, _Point, _Point], hinge: _Point, target: _Point, pole: _Point
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotations of the upper and the lower bone that bring the end to `target`.

    Args:
        rest: the three joints at rest, float64[3] each.
        hinge: axis that the middle joint bends about at rest.
        target: where the end goes, from the first joint.
        pole: direction that the middle joint points to.

    Returns:
        Of the upper bone, and of the lower relative to it; float64[3, 3] each.
    """
    upper, lower = rest[1] - rest[0], rest[2] - rest[1]
    first, second = float(np.linalg.norm(upper)), float(np.linalg.norm(lower))
    distance = float(np.linalg.norm(target))
    ahead = target / distance
    distance = min(max(distance, abs(first - second) + 0.02), _STRETCH * (first + second))
    aside = pole - ahead * (pole @ ahead)
    aside /= np.linalg.norm(aside)
    along = (first**2 - second**2 + distance**2) / (2 * distance)
    away = np.sqrt(max(first**2 - along**2, 0.0))
    middle = ahead * along + aside * away
    normal = np.cross(ahead, aside)
    upper_turn = _frame(middle, normal) @ _frame(upper, -hinge).T
    lower_turn = _frame(ahead * distance - middle, normal) @ _frame(lower, -hinge).T
    return upper_turn, upper_turn.T @ lower_turn


def _frame(direction: _Point, normal: _Point) -> NDArray[np.float64]:
    """Columns: the direction, what is left of the normal, and their product."""
    first = direction / np.linalg.norm(direction)
    second = normal - first * (normal @ first)
    second /= np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)], axis=1)
