"""The Parquet of a part: a row for every region of every picture, and one for a picture of none."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from service.batch.outcome import Done
from service.repository import ModelId
from service.stages import STAGES

TOTAL = "total"

_TIMES = (*STAGES, TOTAL)

# Of a picture without regions, all of `label` to `confidence` are null.
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("version", pa.int32(), nullable=False),
        pa.field("label", pa.uint8()),
        pa.field("name", pa.string()),
        pa.field("area", pa.int64()),
        pa.field("ratio", pa.float64()),
        *(pa.field(name, pa.int32()) for name in ("x1", "y1", "x2", "y2")),
        pa.field("confidence", pa.float64()),
        *(pa.field(f"{name}_ms", pa.float32()) for name in _TIMES),
    ]
)


def parquet(pictures: Iterable[Done], model: ModelId) -> bytes:
    """A Parquet file of `SCHEMA`."""
    rows = [row for picture in pictures for row in _rows(picture, model)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), sink, compression="zstd")
    encoded: bytes = sink.getvalue().to_pybytes()
    return encoded


def ids_of(file: Path) -> list[str]:
    """Pictures of a Parquet file, each once."""
    column = pq.read_table(file, columns=["id"]).column("id")
    ids: list[str] = column.unique().to_pylist()
    return ids


def _rows(picture: Done, model: ModelId) -> Sequence[Mapping[str, Any]]:
    height, width = picture.size
    of_picture = {
        "id": picture.id,
        "height": height,
        "width": width,
        "model": model.name,
        "version": model.version,
        **{f"{name}_ms": seconds * 1e3 for name, seconds in picture.seconds.items()},
    }
    rows = []
    for region in picture.regions:
        x1, y1, x2, y2 = region.box
        rows.append(
            {
                **of_picture,
                "label": region.index,
                "name": region.name,
                "area": region.area,
                "ratio": region.ratio,
                "x1": x1,
                "y1": y1,
                "x2": x2,
                "y2": y2,
                "confidence": region.confidence,
            }
        )
    return rows or [of_picture]
