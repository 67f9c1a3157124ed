"""What is worn: garments that go together."""

from collections.abc import Mapping

from training.synthetic.description import Cloth, Worn
from training.synthetic.drawing.choice import Dice
from training.synthetic.drawing.cloths import draw_cloth
from training.synthetic.wardrobe import Wearer, items

_SKIRTS = (
    "female_elegantsuit01_bottom", "jeansskirt", "miniskirt", "long_skirt", "midi_skirt",
)  # fmt: skip
_SHORTS = ("female_casualsuit02_bottom", "shortjeans", "shorts")
_TIGHT = ("tightjeans", "leggings", "female_sportsuit01_bottom", *_SKIRTS[:4], *_SHORTS)

# Those whose cloth stays where it is when its wearer sits or kneels.
LONG = ("long_skirt", "midi_skirt", "long_dress", "long_coat", "coat", "f_dress_03")
SKIRTED = (*_SKIRTS, "f_dress_01", "f_dress_02", "f_beach_dress_01", "tubedress")
_SKIN_TIGHT = ("jumpsuit", "leggings", "tights", "turtleneck", "long_sleeves", "gloves")
_SMALL_TOPS = ("female_sportsuit01_top", "tubetop", "spaghetti-top")


class _Rail:
    """Collects what one person wears."""

    def __init__(self, dice: Dice, photos: tuple[str, ...]) -> None:
        self._dice = dice
        self._photos = photos
        self.worn: list[Worn] = []

    def add(self, item: str, loose_m: float = 0.0, flare: float = 0.0, **cloth: float) -> None:
        """Put on an item; keywords go to the drawing of its cloth."""
        self.worn.append(
            Worn(
                item=item,
                cloth=draw_cloth(self._dice, self._photos, is_tight=item in _SKIN_TIGHT, **cloth),
                loose_m=loose_m,
                flare=flare,
                length=self._dice.uniform(0, 1),
            )
        )

    def again(self, item: str, cloth: Cloth) -> None:
        """Put on an item of the same cloth as another."""
        worn = Worn(item=item, cloth=cloth, loose_m=0, flare=0, length=self._dice.uniform(0, 1))
        self.worn.append(worn)


def draw_outfit(
    dice: Dice, is_female: bool, photos: tuple[str, ...], hat_chance: float
) -> tuple[Worn, ...]:
    """Clothes from the skin outwards, then what is on the head but for the hair.

    Args:
        is_female: women also wear what is made for all.
        photos: CCP photos that cloth may be cut from.
        hat_chance: how often there is something on the head.
    """
    wearer: Wearer = "female" if is_female else "male"
    rail = _Rail(dice, photos)
    kind = dice.weighted(
        {"two": 0.72, "dress": 0.22, "suit": 0.06} if is_female else {"two": 0.92, "suit": 0.08}
    )
    if kind == "two":
        bottom = _two_pieces(dice, rail, wearer)
    elif kind == "dress":
        bottom = dice.weighted(_but_jumpsuits(items("dress", wearer)))
        rail.add(bottom)
    else:
        bottom = _suit(dice, rail)
    _outer(dice, rail, wearer, bottom)
    _feet(dice, rail, bottom, is_female)
    _extras(dice, rail, hat_chance)
    return tuple(rail.worn)


def _but_jumpsuits(names: list[str]) -> Mapping[str, float]:
    return {
        name: 2.0 if name == "long_dress" else 1.0
        for name in names
        if name not in ("jumpsuit", "male_worksuit01_dress")
    }


def _two_pieces(dice: Dice, rail: _Rail, wearer: Wearer) -> str:
    bottom = dice.one(items("bottom", wearer))
    is_trousers = bottom not in (*_SKIRTS, *_SHORTS)
    flare = dice.weighted({0.0: 0.5, 0.12: 0.25, 0.3: 0.18, 0.5: 0.07})
    rail.add(
        bottom,
        loose_m=0.0 if bottom in _TIGHT else dice.uniform(0.0, 0.015),
        flare=flare if is_trousers and bottom not in _TIGHT else 0.0,
    )
    tops = [name for name in items("top", wearer) if name not in _SMALL_TOPS or dice.chance(0.4)]
    rail.add(dice.one(tops), loose_m=dice.uniform(0.002, 0.014), flare=dice.uniform(0, 0.3))
    return bottom


def _suit(dice: Dice, rail: _Rail) -> str:
    if dice.chance(0.5):
        rail.add("jumpsuit", loose_m=dice.uniform(0.004, 0.02), flare=dice.uniform(0, 0.4))
        return "jumpsuit"
    rail.add("male_worksuit01_dress")
    rail.add(dice.one(["male_worksuit01_top", "male_casualsuit03_top", "male_casualsuit04_top"]))
    return "male_worksuit01_dress"


def _outer(dice: Dice, rail: _Rail, wearer: Wearer, bottom: str) -> None:
    if dice.chance(0.34) and bottom not in ("f_dress_03", "long_dress"):
        rail.add(dice.one(items("outer", wearer)), loose_m=dice.uniform(0, 0.01))


def _feet(dice: Dice, rail: _Rail, bottom: str, is_female: bool) -> None:
    shows_legs = bottom in (*_SKIRTS, *_SHORTS) or bottom.startswith(("f_", "tube", "long_dress"))
    if shows_legs and is_female and dice.chance(0.35):
        rail.add("tights", shade=0.5)
    elif shows_legs and dice.chance(0.2):
        rail.add("knee_socks")
    shoes = [name for name in items("shoes") if name != "winterboots"]
    if (bottom in _TIGHT or shows_legs) and dice.chance(0.3):
        rail.add("winterboots", shine=0.5)
    elif not dice.chance(0.02):
        rail.add(dice.one(shoes), shine=0.4)


def _extras(dice: Dice, rail: _Rail, hat_chance: float) -> None:
    if dice.chance(0.1):
        rail.add("scarf")
    if dice.chance(0.08):
        rail.add("gloves", shine=0.4)
    if dice.chance(0.16):
        rail.add("glasses", shade=0.8)
    if not dice.chance(hat_chance):
        return
    outer = next((one for one in rail.worn if one.item in items("outer")), None)
    top = next((one for one in rail.worn if one.item in items("top")), None)
    if outer is not None and dice.chance(0.25):
        rail.again("coat_hood", outer.cloth)
    elif outer is None and top is not None and dice.chance(0.15):
        rail.again("hood", top.cloth)
    else:
        hats = [name for name in items("hat") if "hood" not in name]
        hat = dice.one(hats)
        rail.add(hat, shine=0.7 if "helmet" in hat or hat == "hard_hat" else 0.1)


def draw_hair(dice: Dice, is_female: bool, head: str | None) -> str | None:
    """A haircut that has room under what is on the head; none for a bald one."""
    if dice.chance(0.02 if is_female else 0.1):
        return None
    names = items("hair", "female" if is_female else "male")
    if head is not None:
        names = [name for name in names if name not in ("afro01", "ponytail01", "bob01")]
    if head is not None and "hood" in head:
        names = [name for name in names if name.startswith("short")]
    return dice.one(names)
