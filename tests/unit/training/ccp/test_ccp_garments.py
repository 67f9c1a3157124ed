"""What every CCP label becomes."""

import numpy as np
import pytest

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.garments import sort_garments


@pytest.mark.parametrize(
    ("class_name", "ccp_names"),
    [
        ("background", "null bag purse wallet"),
        ("hat", "hat"),
        ("hair", "hair"),
        ("glove", "gloves"),
        ("sunglasses", "sunglasses glasses"),
        (
            "upper-clothes",
            "blouse shirt sweater t-shirt vest top sweatshirt jumper hoodie tie bra intimate"
            " swimwear",
        ),
        ("dress", "dress"),
        ("coat", "coat suit blazer jacket cape cardigan"),
        ("socks", "stockings socks"),
        ("pants", "pants jeans shorts leggings panties"),
        ("jumpsuits", "romper bodysuit"),
        ("scarf", "scarf"),
        ("skirt", "skirt"),
    ],
)
def test_label_with_one_counterpart_takes_it(class_name: str, ccp_names: str) -> None:
    for ccp_name in ccp_names.split():
        garments = sort_garments(np.array([[0, 1]], np.uint8), ("null", ccp_name))

        assert garments.label_map[0, 1] == LIP.index(class_name), ccp_name


@pytest.mark.parametrize(
    ("group", "ccp_names"),
    [
        ("skin", "skin"),
        ("shoes", "shoes boots sandals loafers sneakers pumps heels flats wedges clogs"),
        ("belts", "belt"),
        ("jewellery", "bracelet necklace watch ring earrings"),
        ("by_height", "tights"),
    ],
)
def test_label_that_depends_on_the_picture_is_kept_apart(group: str, ccp_names: str) -> None:
    for ccp_name in ccp_names.split():
        garments = sort_garments(np.array([[0, 1]], np.uint8), ("null", ccp_name))

        assert getattr(garments, group).tolist() == [[False, True]], ccp_name
        assert garments.label_map.tolist() == [[0, 0]], ccp_name


@pytest.mark.parametrize("below", ["pants", "shorts", "skirt"])
def test_bodysuit_worn_with_something_below_is_a_top(below: str) -> None:
    garments = sort_garments(np.array([[0, 1, 2]], np.uint8), ("null", "bodysuit", below))

    assert garments.label_map[0, 1] == LIP.index("upper-clothes")


def test_accessories_are_ignored_and_belong_to_the_person() -> None:
    garments = sort_garments(np.array([[0, 1]], np.uint8), ("null", "accessories"))

    assert garments.label_map.tolist() == [[0, IGNORE_INDEX]]
    assert garments.foreground.tolist() == [[False, True]]
