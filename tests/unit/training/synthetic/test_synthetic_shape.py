"""Shares of shapes: what phenotypes make of them."""

import numpy as np
import pytest

from training.synthetic.shape import phenotype_weights

LEVELS = {
    "race": ["african", "asian"],
    "age": ["baby", "child", "old"],
    "gender": ["male", "female"],
}


def weights(**phenotypes: float) -> list[float]:
    """Of two shapes: an african old woman's, and a child's."""
    mask = np.array([[1, 0, 0, 0, 1, 0, 1], [0, 0, 0, 1, 0, 0, 0]], dtype=np.float32)
    result: list[float] = phenotype_weights(LEVELS, mask, phenotypes).tolist()
    return result


def test_a_shape_is_the_product_of_its_levels() -> None:
    # Origins are shares of their sum; age lies from -1/3 to 1, so 2/3 is half way to old.
    assert weights(african=3, asian=1, age=2 / 3, gender=0.8) == pytest.approx(
        [0.75 * 0.5 * 0.8, 0.5]
    )


def test_what_is_not_said_is_in_the_middle() -> None:
    assert weights(age=1) == pytest.approx([0.5 * 1 * 0.5, 0])
