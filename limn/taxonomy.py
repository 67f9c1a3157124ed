"""Mappings from one label set to another, as lookup tables over class indices."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from limn.errors import InvalidParameter
from limn.labels import ATR, IGNORE_INDEX, LIP, PASCAL_PERSON_PART, PPSS, LabelSet

_LIP_TO_ATR = {
    "background": "background",
    "hat": "hat",
    "hair": "hair",
    "glove": "background",
    "sunglasses": "sunglasses",
    "upper-clothes": "upper-clothes",
    "dress": "dress",
    "coat": "upper-clothes",
    "socks": "background",
    "pants": "pants",
    "jumpsuits": "dress",
    "scarf": "scarf",
    "skirt": "skirt",
    "face": "face",
    "left-arm": "left-arm",
    "right-arm": "right-arm",
    "left-leg": "left-leg",
    "right-leg": "right-leg",
    "left-shoe": "left-shoe",
    "right-shoe": "right-shoe",
}
"""The 16 common categories of the SSL paper (table 6); what ATR has no class for becomes the
nearest thing it has: gloves and socks its background, a jumpsuit its one-piece."""

_LIP_TO_PPSS = {
    "background": "background",
    "hat": "hair",
    "hair": "hair",
    "glove": "arms",
    "sunglasses": "face",
    "upper-clothes": "upper-clothes",
    "dress": "upper-clothes",
    "coat": "upper-clothes",
    "socks": "shoes",
    "pants": "lower-clothes",
    "jumpsuits": "upper-clothes",
    "scarf": "upper-clothes",
    "skirt": "lower-clothes",
    "face": "face",
    "left-arm": "arms",
    "right-arm": "arms",
    "left-leg": "legs",
    "right-leg": "legs",
    "left-shoe": "shoes",
    "right-shoe": "shoes",
}
"""How the MMAN authors score LIP predictions on PPSS (table 3)."""

_LIP_TO_PASCAL_PERSON_PART = {
    "background": "background",
    "hat": "head",
    "hair": "head",
    "glove": "lower-arms",
    "sunglasses": "head",
    "upper-clothes": "torso",
    "dress": "torso",
    "coat": "torso",
    "socks": "lower-legs",
    "pants": "upper-legs",
    "jumpsuits": "torso",
    "scarf": "torso",
    "skirt": "upper-legs",
    "face": "head",
    "left-arm": "lower-arms",
    "right-arm": "lower-arms",
    "left-leg": "lower-legs",
    "right-leg": "lower-legs",
    "left-shoe": "lower-legs",
    "right-shoe": "lower-legs",
}
"""Ours, and coarse: LIP does not part limbs at elbow and knee, so a whole arm is a lower arm, a
bare leg a lower leg, trousers upper legs and a sleeve the torso it belongs to."""

_NAMES: dict[tuple[str, str], Mapping[str, str]] = {
    (LIP.name, ATR.name): _LIP_TO_ATR,
    (LIP.name, PPSS.name): _LIP_TO_PPSS,
    (LIP.name, PASCAL_PERSON_PART.name): _LIP_TO_PASCAL_PERSON_PART,
}


def lookup_table(source: LabelSet, target: LabelSet, names: Mapping[str, str]) -> NDArray[np.uint8]:
    """uint8[256] such that `table[label_map]` speaks `target`; 255 stays 255.

    Raises:
        ValueError: a class of the source is not mapped, or to something the target lacks.
    """
    if set(names) != set(source.classes) or not set(names.values()) <= set(target.classes):
        raise ValueError(f"{source.name} does not map onto {target.name}: {dict(names)}")
    table = np.full(256, IGNORE_INDEX, dtype=np.uint8)
    for class_index, class_name in enumerate(source.classes):
        table[class_index] = target.index(names[class_name])
    return table


def taxonomy(source: LabelSet, target: LabelSet) -> NDArray[np.uint8]:
    """The lookup table from `source` to `target`; the identity where they are one.

    Raises:
        InvalidParameter: field `label_set`; there is no mapping between the two.
    """
    if source.name == target.name:
        return np.arange(256, dtype=np.uint8)
    names = _NAMES.get((source.name, target.name))
    if names is None:
        known = [source.name, *(to for start, to in _NAMES if start == source.name)]
        raise InvalidParameter(
            "label_set",
            f"{source.name} cannot be told as {target.name}; choose one of {', '.join(known)}",
        )
    return lookup_table(source, target, names)
