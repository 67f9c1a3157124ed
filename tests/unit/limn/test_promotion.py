from pathlib import Path

import pytest

from limn.errors import PromotionError
from limn.promotion import PROMOTION_FILE, Promotion, read_promotion, served_version


def test_highest_is_served_where_nothing_was_promoted(tmp_path: Path) -> None:
    assert read_promotion(tmp_path, (2, 10, 9)) == Promotion(served=10)


def test_going_back_undoes_one_promotion_after_the_other() -> None:
    third = Promotion(served=1).promoted(2).promoted(3)

    assert third == Promotion(served=3, previous=(1, 2))
    assert third.rolled_back() == Promotion(served=2, previous=(1,))
    assert third.rolled_back().rolled_back() == Promotion(served=1)


def test_promoting_what_is_served_leaves_the_way_back() -> None:
    second = Promotion(served=1).promoted(2)

    assert second.promoted(2) == second


def test_there_is_nothing_before_the_first() -> None:
    with pytest.raises(PromotionError, match="version 4 is the first: nothing to roll back to"):
        Promotion(served=4).rolled_back()


def test_promoted_version_must_be_there(tmp_path: Path) -> None:
    (tmp_path / PROMOTION_FILE).write_text('{"served": 3}')

    with pytest.raises(PromotionError, match=r"promotes version 3, which is not there.* 1, 2"):
        served_version(tmp_path, (1, 2))


def test_file_that_is_no_promotion_is_refused(tmp_path: Path) -> None:
    (tmp_path / PROMOTION_FILE).write_text('{"server": 3}')

    with pytest.raises(PromotionError, match=r"promotion\.json does not say"):
        served_version(tmp_path, (3,))
