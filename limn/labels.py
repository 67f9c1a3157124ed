"""Label sets: the ordered class names of each data set, with colours and left/right pairs."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

IGNORE_INDEX = 255
"""Pixel value of a label map that is neither trained on nor scored."""

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class LabelSet:
    """Ordered classes; the position of a class is its index, 0 is the background.

    Attributes:
        name: stable identifier, as clients write it.
        title: the data set's full name.
        classes: class names; left and right parts are named `left-x` and `right-x`.
        colors: one RGB triple, 0 to 255, per class.
        source: where the order and the colours come from.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    colors: tuple[RGB, ...]
    source: str

    def __post_init__(self) -> None:
        if len(self.classes) != len(self.colors):
            raise ValueError(
                f"{self.name}: {len(self.classes)} classes but {len(self.colors)} colours"
            )
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"{self.name}: a class name occurs twice")
        if not 1 < len(self.classes) <= IGNORE_INDEX:
            raise ValueError(f"{self.name}: a label set has 2 to {IGNORE_INDEX} classes")

    def __len__(self) -> int:
        return len(self.classes)

    def index(self, class_name: str) -> int:
        """Class index of `class_name`; ValueError where the set has no such class."""
        try:
            return self.classes.index(class_name)
        except ValueError:
            raise ValueError(f"{self.name} has no class {class_name!r}") from None

    @cached_property
    def left_right_pairs(self) -> tuple[tuple[int, int], ...]:
        """Index pairs (left, right) that trade places when a picture is mirrored."""
        return tuple(
            (index, self.index("right-" + name.removeprefix("left-")))
            for index, name in enumerate(self.classes)
            if name.startswith("left-")
        )

    @cached_property
    def mirror(self) -> NDArray[np.intp]:
        """intp[K]: `mirror[i]` is the class that a pixel of class `i` shows in the mirror.

        Serves both ways: `scores[mirror]` reorders score maps, `mirror[label_map]` label maps.
        """
        order = np.arange(len(self), dtype=np.intp)
        for left, right in self.left_right_pairs:
            order[left], order[right] = right, left
        order.setflags(write=False)
        return order

    @cached_property
    def palette(self) -> NDArray[np.uint8]:
        """uint8[256, 3] RGB by class index; indices without a class are mid grey."""
        table = np.full((256, 3), 128, dtype=np.uint8)
        table[: len(self)] = self.colors
        table.setflags(write=False)
        return table


_VOC_COLORS: tuple[RGB, ...] = (
    (0, 0, 0),
    (128, 0, 0),
    (0, 128, 0),
    (128, 128, 0),
    (0, 0, 128),
    (128, 0, 128),
    (0, 128, 128),
    (128, 128, 128),
    (64, 0, 0),
    (192, 0, 0),
    (64, 128, 0),
    (192, 128, 0),
    (64, 0, 128),
    (192, 0, 128),
    (64, 128, 128),
    (192, 128, 128),
    (0, 64, 0),
    (128, 64, 0),
)

LIP = LabelSet(
    name="lip",
    title="Look into Person",
    classes=(
        "background",
        "hat",
        "hair",
        "glove",
        "sunglasses",
        "upper-clothes",
        "dress",
        "coat",
        "socks",
        "pants",
        "jumpsuits",
        "scarf",
        "skirt",
        "face",
        "left-arm",
        "right-arm",
        "left-leg",
        "right-leg",
        "left-shoe",
        "right-shoe",
    ),
    colors=(
        (0, 0, 0),
        (128, 0, 0),
        (255, 0, 0),
        (0, 85, 0),
        (170, 0, 51),
        (255, 85, 0),
        (0, 0, 85),
        (0, 119, 221),
        (85, 85, 0),
        (0, 85, 85),
        (85, 51, 0),
        (52, 86, 128),
        (0, 128, 0),
        (0, 0, 255),
        (51, 170, 221),
        (0, 255, 255),
        (85, 255, 170),
        (170, 255, 85),
        (255, 255, 0),
        (255, 170, 0),
    ),
    source="Gong et al., CVPR 2017; colour map of the SSL release",
)

ATR = LabelSet(
    name="atr",
    title="ATR",
    classes=(
        "background",
        "hat",
        "hair",
        "sunglasses",
        "upper-clothes",
        "skirt",
        "pants",
        "dress",
        "belt",
        "left-shoe",
        "right-shoe",
        "face",
        "left-leg",
        "right-leg",
        "left-arm",
        "right-arm",
        "bag",
        "scarf",
    ),
    colors=_VOC_COLORS,
    source="Liang et al., TPAMI 2015; VOC colour map",
)

PASCAL_PERSON_PART = LabelSet(
    name="pascal-person-part",
    title="PASCAL-Person-Part",
    classes=(
        "background",
        "head",
        "torso",
        "upper-arms",
        "lower-arms",
        "upper-legs",
        "lower-legs",
    ),
    colors=_VOC_COLORS[:7],
    source="Chen et al., CVPR 2014; VOC colour map",
)

PPSS = LabelSet(
    name="ppss",
    title="Pedestrian Parsing in Surveillance Scenes",
    classes=(
        "background",
        "hair",
        "face",
        "upper-clothes",
        "arms",
        "lower-clothes",
        "legs",
        "shoes",
    ),
    colors=(
        (0, 0, 143),
        (0, 32, 255),
        (0, 191, 255),
        (96, 255, 159),
        (255, 80, 0),
        (255, 255, 0),
        (175, 0, 0),
        (143, 0, 0),
    ),
    source="Luo, Wang, Tang, ICCV 2013; colours of the distributed masks (MATLAB jet)",
)

LABEL_SETS: dict[str, LabelSet] = {
    label_set.name: label_set for label_set in (LIP, ATR, PASCAL_PERSON_PART, PPSS)
}


def label_set(name: str) -> LabelSet:
    """The label set called `name`; ValueError lists the known ones."""
    try:
        return LABEL_SETS[name]
    except KeyError:
        raise ValueError(f"unknown label set {name!r}; known: {', '.join(LABEL_SETS)}") from None
