import numpy as np
import pytest

from limn.labels import LIP, PPSS
from limn.metrics import Accuracy
from training.comparison import comparison
from training.consistency import Consistency
from training.evaluation import Evaluation
from training.examination import Examination
from training.paper_report import consistency_table, our_values, published_table, sections
from training.published import PUBLISHED, PublishedTable

# Half of the background is taken for a hat, everything else is right.
MATRIX = np.diag([5] + [10] * 19)
MATRIX[0, 1] = 5
ACCURACY = Accuracy(MATRIX)


def consistency() -> Consistency:
    """Of 1,000 pixels, 5 are alone and 20 on small islands; the coarse grid is all right."""
    measure = Consistency(lambda image: image[..., 0], comparison(LIP, LIP), (16, 16))
    measure.pixels = 1000
    measure.isolated[:] = 5, 20
    measure.matrix[:] = np.eye(20, dtype=np.int64)
    return measure


def found(pictures: int) -> Examination:
    views = [Evaluation("input 153", pictures, Accuracy(np.eye(20, dtype=np.int64)))]
    conditions = [Evaluation("small", 1, ACCURACY)]
    return Examination([Evaluation("photos", pictures, ACCURACY)], views, consistency(), conditions)


def test_columns_of_table_4() -> None:
    # IoU 5/10 and 10/15, eighteen times 1.
    assert consistency_table(consistency(), ACCURACY).splitlines() == [
        "| IPR_2 | IPR_64 | mIoU, low resolution | mIoU |",
        "|---:|---:|---:|---:|",
        "| 0.50 | 2.00 | 100.00 | 95.83 |",
    ]


def test_our_row_fills_the_columns_it_can() -> None:
    table = PublishedTable("SSL", 6, "x", "lip", ("hat", "small", "input 153", "medium"), {})

    text = published_table(table, our_values(found(1), LIP), "ours")

    assert text.splitlines() == [
        "SSL, table 6: x.",
        "",
        "| method | hat | small | input 153 | medium |",
        "|---|---:|---:|---:|---:|",
        "| **ours** | 66.67 | 95.83 | 100.00 | - |",
    ]


def test_common_classes_are_16() -> None:
    # 14 of the 16 are whole.
    assert our_values(found(1), LIP)["mean IoU of 16 classes"] == pytest.approx(
        (14 + 1 / 2 + 2 / 3) / 16
    )


def test_what_has_no_value_is_a_dash() -> None:
    (table,) = [table for table in PUBLISHED if (table.paper, table.number) == ("SSL", 6)]

    assert "| Attention | - | 31.71 | 41.61 | 44.90 | - | - | - |" in published_table(
        table, {}, "ours"
    )


def test_test_set_without_public_truth_has_no_row_of_ours() -> None:
    (table,) = [table for table in PUBLISHED if (table.paper, table.number) == ("SSL", 3)]

    assert "ours" not in published_table(table, our_values(found(1), LIP), "ours")


def test_other_pictures_than_the_papers_are_told_apart() -> None:
    same, others = ("\n".join(sections(found(n), "lip", LIP)) for n in (10_000, 99))

    assert "In percent, of 10,000 pictures.\n" in same
    assert "| **ours** |" in same
    assert "ours are 99 others" in others
    assert "| **ours** |" not in others


def test_data_set_without_published_numbers_has_no_such_section() -> None:
    assert "## The papers' numbers" not in sections(found(1), "atr", LIP)
    assert "## The papers' numbers" in sections(found(1), "lip", LIP)


def test_ppss_has_its_own_table() -> None:
    accuracy = Accuracy(np.eye(8, dtype=np.int64))
    measure = Consistency(lambda image: image[..., 0], comparison(LIP, PPSS), (16, 16))
    examination = Examination([Evaluation("photos", 1_892, accuracy)], [], measure, [])

    page = "\n".join(sections(examination, "ppss", PPSS))

    assert "MMAN, table 3: PPSS test, trained on LIP." in page
    assert f"| **ours** {'| 100.00 ' * 8}|" in page
