"""Reading a whole data set before it is trusted, and what it holds."""

from collections.abc import Callable

from limn.labels import LabelSet
from training.datasets.dataset import ParsingDataset
from training.datasets.statistics import ClassStatistics, count_classes


def check_dataset(dataset: ParsingDataset, on_picture: Callable[[], None]) -> ClassStatistics:
    """Read every picture and every label map.

    Raises:
        DatasetError: a file cannot be read, a label map holds other values or has another size
            than its picture, or left and right look swapped.
    """
    for index in range(len(dataset)):
        dataset.pair(index)
        on_picture()
    return count_classes(dataset)


def class_counts(statistics: ClassStatistics, label_set: LabelSet) -> str:
    """Text: in how many pictures each class is, and its share of the known pixels in percent."""
    pictures = (statistics.pixels > 0).sum(axis=0)
    pixels = statistics.pixels.sum(axis=0)
    shares = 100 * pixels / max(1, pixels.sum())
    return "\n".join(
        f"{index:>3}  {name:<14} {pictures[index]:>7} pictures {shares[index]:>8.3f} %"
        for index, name in enumerate(label_set.classes)
    )
