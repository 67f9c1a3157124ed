"""A confusion matrix as a picture: what each true class was taken for."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from limn.labels import LabelSet
from limn.metrics import Accuracy


def save_heatmap(path: Path, accuracy: Accuracy, label_set: LabelSet) -> None:
    """Rows are true classes, in percent of their pixels; a class without any is blank."""
    classes = len(label_set)
    pixels = accuracy.matrix.sum(axis=1, keepdims=True)
    shares = np.where(pixels > 0, 100 * accuracy.matrix / np.maximum(pixels, 1), np.nan)
    side = 1.6 + 0.42 * classes
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    picture = axes.imshow(shares, cmap="viridis", vmin=0, vmax=100)
    axes.set_xticks(range(classes), label_set.classes, rotation=90)
    axes.set_yticks(range(classes), label_set.classes)
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")
    for row, column in zip(*np.nonzero(shares >= 0.5), strict=True):
        share = shares[row, column]
        color = "black" if share > 60 else "white"
        axes.text(column, row, f"{share:.0f}", ha="center", va="center", color=color, fontsize=7)
    figure.colorbar(picture, label="% of the true pixels", shrink=0.8)
    figure.savefig(path, dpi=110)
