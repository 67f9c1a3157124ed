"""What each epoch of a run came to: kept as a table, drawn as curves."""

import csv
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


@dataclass
class EpochRecord:
    """One epoch; accuracies are shares from 0 to 1, nan where the epoch was not validated."""

    epoch: int
    loss: float
    learning_rate: float
    mean_iou: float = math.nan
    pixel_accuracy: float = math.nan

    def scalars(self) -> dict[str, float]:
        return {name: value for name, value in asdict(self).items() if not math.isnan(value)}


@dataclass
class History:
    """Records in order."""

    records: list[EpochRecord] = field(default_factory=list)

    @classmethod
    def of(cls, rows: list[dict[str, Any]]) -> "History":
        return cls([EpochRecord(**row) for row in rows])

    def rows(self) -> list[dict[str, Any]]:
        return [asdict(record) for record in self.records]

    def add(self, record: EpochRecord) -> None:
        self.records.append(record)

    @property
    def best_mean_iou(self) -> float:
        """-inf before the first validation."""
        known = [r.mean_iou for r in self.records if not math.isnan(r.mean_iou)]
        return max(known, default=-math.inf)

    def summary(self) -> str:
        """The newest record as one line."""
        record = self.records[-1]
        line = f"epoch {record.epoch}: loss {record.loss:.4f}"
        if not math.isnan(record.mean_iou):
            line += f", val mIoU {record.mean_iou:.2%}, pixels {record.pixel_accuracy:.2%}"
        return line

    def save(self, folder: Path) -> None:
        """Write `history.csv` and `curves.png`."""
        with (folder / "history.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, [f.name for f in fields(EpochRecord)])
            writer.writeheader()
            writer.writerows(self.rows())
        self._draw().savefig(folder / "curves.png", dpi=90)

    def _draw(self) -> Figure:
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        loss, accuracy = figure.subplots(1, 2)
        loss.plot([r.epoch for r in self.records], [r.loss for r in self.records])
        loss.set(xlabel="epoch", ylabel="training loss")
        known = [r for r in self.records if not math.isnan(r.mean_iou)]
        epochs = [r.epoch for r in known]
        accuracy.plot(epochs, [100 * r.mean_iou for r in known], label="mIoU")
        accuracy.plot(epochs, [100 * r.pixel_accuracy for r in known], label="pixel accuracy")
        accuracy.set(xlabel="epoch", ylabel="val, %", ylim=(0, 100))
        accuracy.legend()
        return figure
