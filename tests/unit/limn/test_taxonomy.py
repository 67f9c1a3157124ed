import numpy as np
import pytest

from limn.errors import InvalidParameter
from limn.labels import ATR, LIP, PASCAL_PERSON_PART, PPSS, LabelSet
from limn.taxonomy import lookup_table, taxonomy

LIP_TO_PPSS = (
    "background hair hair arms face upper-clothes upper-clothes upper-clothes shoes lower-clothes"
    " upper-clothes upper-clothes lower-clothes face arms arms legs legs shoes shoes"
)

# SSL paper, section 6.4 of our notes: the 16 common categories.
LIP_TO_ATR = [0, 1, 2, 0, 3, 4, 7, 4, 0, 6, 7, 17, 5, 11, 14, 15, 12, 13, 9, 10]

SMALL = LabelSet("small", "Small", ("background", "skin", "cloth"), ((0, 0, 0),) * 3, "this test")
SMALLER = LabelSet("smaller", "Smaller", ("background", "person"), ((0, 0, 0),) * 2, "this test")


def test_lip_is_told_as_ppss_like_in_the_mman_paper() -> None:
    table = taxonomy(LIP, PPSS)

    assert " ".join(PPSS.classes[index] for index in table[:20]) == LIP_TO_PPSS


def test_lip_is_told_as_atr_like_in_the_ssl_paper() -> None:
    assert taxonomy(LIP, ATR)[:20].tolist() == LIP_TO_ATR


def test_lip_is_told_as_pascal_person_part() -> None:
    table = taxonomy(LIP, PASCAL_PERSON_PART)

    # 1 head, 2 torso, 4 lower arms, 5 upper legs, 6 lower legs; 3, upper arms, has no source.
    assert table[:20].tolist() == [0, 1, 1, 4, 1, 2, 2, 2, 6, 5, 2, 2, 5, 1, 4, 4, 6, 6, 6, 6]


@pytest.mark.parametrize("target", [ATR, PPSS, PASCAL_PERSON_PART], ids=lambda t: str(t.name))
def test_what_is_no_class_stays_ignored(target: LabelSet) -> None:
    table = taxonomy(LIP, target)

    assert table.shape == (256,)
    assert table.dtype == np.uint8
    assert (table[20:] == 255).all()
    assert table[0] == 0


def test_label_set_is_told_as_itself() -> None:
    assert taxonomy(LIP, LIP).tolist() == list(range(256))


def test_unknown_pair_names_the_possible_ones() -> None:
    with pytest.raises(InvalidParameter, match="ppss cannot be told as lip; choose one of ppss"):
        taxonomy(PPSS, LIP)
    with pytest.raises(InvalidParameter, match="choose one of lip, atr, ppss, pascal-person-part"):
        taxonomy(LIP, SMALL)


def test_lookup_table_follows_the_names() -> None:
    names = {"background": "background", "skin": "person", "cloth": "person"}

    table = lookup_table(SMALL, SMALLER, names)

    assert table[np.array([[0, 1], [2, 255]])].tolist() == [[0, 1], [1, 255]]


@pytest.mark.parametrize(
    "names",
    [
        pytest.param({"background": "background", "skin": "person"}, id="class-left-out"),
        pytest.param(
            {"background": "background", "skin": "person", "cloth": "cloth"}, id="target-unknown"
        ),
        pytest.param(
            {"background": "background", "skin": "person", "cloth": "person", "hat": "person"},
            id="source-unknown",
        ),
    ],
)
def test_mapping_that_does_not_fit_is_refused(names: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="small does not map onto smaller"):
        lookup_table(SMALL, SMALLER, names)
