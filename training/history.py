"""What each epoch of a run came to: kept as a table, drawn as curves."""

import csv
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure


@dataclass
class EpochRecord:
    """One epoch; accuracies are shares from 0 to 1, nan where the epoch was not validated.

    `figures` are means over the epoch of what the loss is made of, by name.
    """

    epoch: int
    loss: float
    learning_rate: float
    mean_iou: float = math.nan
    pixel_accuracy: float = math.nan
    figures: dict[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, float]:
        row = asdict(self)
        figures: dict[str, float] = row.pop("figures")
        return {**row, **figures}

    def scalars(self) -> dict[str, float]:
        return {name: value for name, value in self.row().items() if not math.isnan(value)}


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
        rows = [record.row() for record in self.records]
        names = list(dict.fromkeys(name for row in rows for name in row))
        with (folder / "history.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, names, restval=math.nan)
            writer.writeheader()
            writer.writerows(rows)
        self._draw().savefig(folder / "curves.png", dpi=90)

    def _draw(self) -> Figure:
        scores = sorted({n for r in self.records for n in r.figures if n.startswith("d_")})
        scores = [name for name in scores if not name.endswith("_loss")]
        panels = 3 if scores else 2
        figure = Figure(figsize=(4.5 * panels, 3.6), layout="constrained")
        loss, accuracy, *balance = figure.subplots(1, panels)
        loss.plot([r.epoch for r in self.records], [r.loss for r in self.records])
        loss.set(xlabel="epoch", ylabel="training loss")
        known = [r for r in self.records if not math.isnan(r.mean_iou)]
        epochs = [r.epoch for r in known]
        accuracy.plot(epochs, [100 * r.mean_iou for r in known], label="mIoU")
        accuracy.plot(epochs, [100 * r.pixel_accuracy for r in known], label="pixel accuracy")
        accuracy.set(xlabel="epoch", ylabel="val, %", ylim=(0, 100))
        accuracy.legend()
        for axes in balance:
            self._draw_balance(axes, scores)
        return figure

    def _draw_balance(self, axes: Axes, scores: list[str]) -> None:
        """Mean scores of the discriminators, figure 2 of the MMAN paper.

        LSGAN in balance has real and fake near 0.5; at 1 and 0 the discriminator has won, and the
        generator learns little from it.
        """
        for name in scores:
            axes.plot(
                [r.epoch for r in self.records],
                [r.figures.get(name, math.nan) for r in self.records],
                label=name.removeprefix("d_").replace("_", " "),
            )
        axes.set(xlabel="epoch", ylabel="mean score of a discriminator")
        axes.legend()
