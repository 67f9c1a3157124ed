"""What each of CCP's 59 labels becomes among LIP's 20, before body parts are told apart.

CCP (Yang, Luo, Lin: Clothing Co-Parsing by Joint Image Segmentation and Labeling, CVPR 2014)
names garments. Most have one counterpart in LIP. The rest depend on the picture: skin and shoes on
the body's pose, a romper on what else is worn, belts and jewellery on what lies around them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.geometry import LabelMap, Mask

_CLASS_OF: dict[str, tuple[str, ...]] = {
    "background": ("null", "bag", "purse", "wallet"),
    "hat": ("hat",),
    "hair": ("hair",),
    "glove": ("gloves",),
    "sunglasses": ("sunglasses", "glasses"),
    "upper-clothes": (
        "blouse",
        "shirt",
        "sweater",
        "t-shirt",
        "vest",
        "top",
        "sweatshirt",
        "jumper",
        "hoodie",
        "tie",
        "bra",
        "intimate",
        "swimwear",
    ),
    "dress": ("dress",),
    # A CCP `suit` is nearly always the jacket of one.
    "coat": ("coat", "suit", "blazer", "jacket", "cape", "cardigan"),
    "socks": ("stockings", "socks"),
    "pants": ("pants", "jeans", "shorts", "leggings", "panties"),
    "scarf": ("scarf",),
    "skirt": ("skirt",),
}

_ONE_PIECES = ("romper", "bodysuit")
_SHOES = (
    "shoes",
    "boots",
    "sandals",
    "loafers",
    "sneakers",
    "pumps",
    "heels",
    "flats",
    "wedges",
    "clogs",
)
_JEWELLERY = ("bracelet", "necklace", "watch", "ring", "earrings")
# Phones, papers, umbrellas and watches alike: no LIP class is right for all of them.
_IGNORED = ("accessories",)
# Noise: the few `tights` pixels are parts of tops and of trousers.
_BY_HEIGHT = ("tights",)


@dataclass(frozen=True)
class Garments:
    """A CCP annotation sorted by what is still to be decided.

    Attributes:
        label_map: uint8[H, W], LIP's class index where CCP's label settles it, 255 where the
            pixel is ignored, 0 elsewhere.
        foreground: everything annotated: the person with all that is worn and carried.
        skin: bare skin of any body part.
        shoes: footwear of either foot.
        belts: belts, which LIP counts as part of a garment.
        jewellery: trinkets, which LIP counts as part of the skin or garment below them.
        by_height: pixels that are upper clothes above the hips and pants below.
    """

    label_map: LabelMap
    foreground: Mask
    skin: Mask
    shoes: Mask
    belts: Mask
    jewellery: Mask
    by_height: Mask


def sort_garments(annotation: NDArray[np.uint8], class_names: tuple[str, ...]) -> Garments:
    """Apply the label map.

    Args:
        annotation: uint8[H, W], indices into `class_names`.
        class_names: CCP's label list; `null` is the first.
    """
    names = np.array(class_names)

    def where(*chosen: str) -> Mask:
        mask: Mask = np.isin(names, chosen)[annotation]
        return mask

    table = np.zeros(256, dtype=np.uint8)
    for class_name, ccp_names in _CLASS_OF.items():
        table[np.flatnonzero(np.isin(names, ccp_names))] = LIP.index(class_name)
    table[np.flatnonzero(np.isin(names, _IGNORED))] = IGNORE_INDEX
    # With trousers or a skirt below it, a bodysuit is worn as a top.
    is_top = where(*_CLASS_OF["pants"], *_CLASS_OF["skirt"]).any()
    one_piece = LIP.index("upper-clothes" if is_top else "jumpsuits")
    table[np.flatnonzero(np.isin(names, _ONE_PIECES))] = one_piece
    return Garments(
        label_map=table[annotation],
        foreground=~where("null"),
        skin=where("skin"),
        shoes=where(*_SHOES),
        belts=where("belt"),
        jewellery=where(*_JEWELLERY),
        by_height=where(*_BY_HEIGHT),
    )
