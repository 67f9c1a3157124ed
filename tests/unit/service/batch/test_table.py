import io
from pathlib import Path

import pyarrow.parquet as pq

from limn.regions import ClassRegion
from service.batch.outcome import Done
from service.batch.table import ids_of, parquet
from service.repository import ModelId

HAT = ClassRegion(1, "hat", (128, 0, 0), 12, 0.25, (1, 2, 5, 6), 0.9)
FACE = ClassRegion(13, "face", (0, 0, 255), 36, 0.75, (0, 0, 9, 9), 0.5)


def test_row_per_region_and_one_for_a_picture_without(tmp_path: Path) -> None:
    pictures = [
        Done("b", (10, 9), (HAT, FACE), {"network": 0.25, "total": 1}),
        Done("a", (4, 3), (), {"total": 0.5}),
    ]

    data = parquet(pictures, ModelId("mman", 2))

    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    assert [(row["id"], row["label"], row["name"]) for row in rows] == [
        ("b", 1, "hat"),
        ("b", 13, "face"),
        ("a", None, None),
    ]
    assert {name: rows[0][name] for name in ("height", "width", "model", "version")} == {
        "height": 10,
        "width": 9,
        "model": "mman",
        "version": 2,
    }
    assert [rows[0][name] for name in ("area", "ratio", "x1", "y1", "x2", "y2")] == [
        12,
        0.25,
        1,
        2,
        5,
        6,
    ]
    assert rows[0]["confidence"] == 0.9
    assert (rows[1]["network_ms"], rows[1]["total_ms"]) == (250, 1000)
    assert (rows[2]["network_ms"], rows[2]["total_ms"]) == (None, 500)
    file = tmp_path / "a.parquet"
    file.write_bytes(data)
    assert ids_of(file) == ["b", "a"]
