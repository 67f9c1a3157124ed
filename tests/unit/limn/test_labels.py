from typing import Any

import numpy as np
import pytest

from limn.labels import ATR, LABEL_SETS, LIP, PASCAL_PERSON_PART, PPSS, LabelSet, label_set

SIDES = LabelSet(
    name="sides",
    title="Two arms",
    classes=("background", "right-arm", "face", "left-arm"),
    colors=((0, 0, 0), (1, 2, 3), (4, 5, 6), (7, 8, 9)),
    source="this test",
)


@pytest.mark.parametrize(
    ("label_set", "count", "pairs"),
    [
        (LIP, 20, ((14, 15), (16, 17), (18, 19))),
        (ATR, 18, ((9, 10), (12, 13), (14, 15))),
        (PASCAL_PERSON_PART, 7, ()),
        (PPSS, 8, ()),
    ],
    ids=lambda value: value.name if isinstance(value, LabelSet) else None,
)
def test_label_sets_are_those_of_the_papers(
    label_set: LabelSet, count: int, pairs: tuple[tuple[int, int], ...]
) -> None:
    assert len(label_set) == count
    assert label_set.left_right_pairs == pairs
    assert label_set.classes[0] == "background"


def test_lip_has_the_order_of_the_release() -> None:
    assert " ".join(LIP.classes) == (
        "background hat hair glove sunglasses upper-clothes dress coat socks pants jumpsuits scarf"
        " skirt face left-arm right-arm left-leg right-leg left-shoe right-shoe"
    )


def test_pairs_are_named_left_first_wherever_they_stand() -> None:
    assert SIDES.left_right_pairs == ((3, 1),)
    assert SIDES.mirror.tolist() == [0, 3, 2, 1]


def test_mirror_twice_is_the_same() -> None:
    for known in LABEL_SETS.values():
        assert known.mirror[known.mirror].tolist() == list(range(len(known)))


def test_palette_is_grey_where_there_is_no_class() -> None:
    assert SIDES.palette[:4].tolist() == [[0, 0, 0], [1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert (SIDES.palette[4:] == 128).all()
    assert SIDES.palette.shape == (256, 3)
    assert SIDES.palette.dtype == np.uint8


@pytest.mark.parametrize("table", [LIP.palette, LIP.mirror], ids=["palette", "mirror"])
def test_shared_tables_cannot_be_written_to(table: Any) -> None:
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


def test_class_is_found_by_name() -> None:
    assert LIP.index("face") == 13

    with pytest.raises(ValueError, match="lip has no class 'beard'"):
        LIP.index("beard")


def test_label_set_is_found_by_name() -> None:
    assert label_set("ppss") is PPSS

    with pytest.raises(ValueError, match="unknown label set 'coco'; known: lip, atr, pascal"):
        label_set("coco")


@pytest.mark.parametrize(
    ("classes", "colors", "message"),
    [
        pytest.param(("a", "b"), 1, "2 classes but 1 colours", id="colour-missing"),
        pytest.param(("a", "b", "a"), 3, "a class name occurs twice", id="name-twice"),
        pytest.param(("a",), 1, "2 to 255 classes", id="one-class"),
        pytest.param(tuple(map(str, range(256))), 256, "2 to 255 classes", id="no-room-for-255"),
    ],
)
def test_impossible_label_set_is_refused(
    classes: tuple[str, ...], colors: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        LabelSet("x", "X", classes, ((0, 0, 0),) * colors, "this test")


def test_left_without_right_is_refused() -> None:
    lopsided = LabelSet("x", "X", ("background", "left-arm"), ((0, 0, 0),) * 2, "this test")

    with pytest.raises(ValueError, match="no class 'right-arm'"):
        _ = lopsided.mirror
