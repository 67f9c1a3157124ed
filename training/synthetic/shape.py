"""A body of one's own: phenotypes and a facial expression to vertices and bones at rest."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import Vertices
from training.synthetic.bodies import BodyModel

ORIGINS = ("african", "asian", "caucasian")


@dataclass(frozen=True)
class RestBody:
    """Vertices float32[N, 3] and heads of bones float32[B, 3] of a body at rest."""

    vertices: Vertices
    heads: NDArray[np.float32]


def rest_body(
    model: BodyModel, phenotypes: Mapping[str, float], expression: Mapping[str, float]
) -> RestBody:
    """The body with these phenotypes, its arms hanging 45 degrees down.

    Args:
        model: what bodies are made from.
        phenotypes: 0 to 1 each; those not named are 0.5. Origins need not add up to 1.
        expression: strength of each facial action, 0 to 1; those not named are 0.
    """
    coefficients = np.concatenate(
        [
            phenotype_weights(model.levels, model.mask, phenotypes),
            [expression.get(action, 0.0) for action in model.actions],
        ]
    ).astype(np.float32)
    used = np.flatnonzero(coefficients)
    shares = coefficients[used]
    return RestBody(
        model.template + np.tensordot(shares, model.shapes[used], axes=1),
        model.heads + np.tensordot(shares, model.head_shapes[used], axes=1),
    )


def phenotype_weights(
    levels: Mapping[str, list[str]],
    mask: NDArray[np.float32],
    phenotypes: Mapping[str, float],
) -> NDArray[np.float64]:
    """float64[P]: how much of each shape, the product of the shares of its levels.

    Levels of a phenotype lie evenly from 0 to 1, and shares are linear between neighbours.
    Those of age lie from -1/3 to 1, so that 0 is the third: a baby is not a small adult.
    """
    shares: list[float] = []
    for name, names in levels.items():
        if name == "race":
            weights = np.array([phenotypes.get(origin, 0.5) for origin in names])
            shares.extend(weights / weights.sum())
        else:
            first = -1 / 3 if name == "age" else 0.0
            anchors = np.linspace(first, 1.0, len(names))
            value = phenotypes.get(name, 0.5)
            shares.extend(np.interp(value, anchors, row) for row in np.eye(len(names)))
    product: NDArray[np.float64] = np.prod(np.where(mask > 0, np.array(shares), 1.0), axis=1)
    return product
