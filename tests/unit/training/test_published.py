import pytest

from limn.labels import LABEL_SETS
from training.published import MEAN_IOU, PUBLISHED, PublishedTable

TABLES = [pytest.param(table, id=f"{table.paper}-{table.number}") for table in PUBLISHED]


@pytest.mark.parametrize("table", TABLES)
def test_every_row_has_a_value_per_column(table: PublishedTable) -> None:
    for method in table.rows:
        assert len(table.values(method)) == len(table.columns), method


@pytest.mark.parametrize("table", TABLES)
def test_class_columns_average_to_the_mean(table: PublishedTable) -> None:
    if table.columns[0] not in LABEL_SETS[table.layout].classes:
        return
    assert table.columns[-1] == MEAN_IOU
    assert set(table.columns[:-1]) <= set(LABEL_SETS[table.layout].classes)
    for method in table.rows:
        *classes, mean = [value for value in table.values(method) if value is not None]
        # PPSS is printed to one decimal, and two averages of PASCAL are cut off, not rounded.
        assert sum(classes) / len(classes) == pytest.approx(mean, abs=0.035), method


def test_both_papers_main_rows_are_there() -> None:
    means = {
        (table.paper, table.number): table.values(list(table.rows)[-1])[-1] for table in PUBLISHED
    }

    assert (means["MMAN", 1], means["MMAN", 2], means["MMAN", 3]) == (46.81, 59.91, 52.1)
    assert (means["SSL", 2], means["SSL", 5]) == (44.73, 59.36)
