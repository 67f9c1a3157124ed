"""Colours and patterns of cloth: quiet more often than loud."""

import colorsys

from training.synthetic.description import Cloth, Pattern, Rgb
from training.synthetic.drawing.choice import Dice

_NEUTRALS: dict[Rgb, float] = {
    (0.05, 0.05, 0.06): 3.0,
    (0.16, 0.17, 0.19): 2.0,
    (0.38, 0.38, 0.40): 1.5,
    (0.65, 0.65, 0.66): 1.2,
    (0.93, 0.92, 0.90): 2.2,
    (0.12, 0.16, 0.28): 2.0,
    (0.24, 0.33, 0.48): 1.8,
    (0.45, 0.55, 0.68): 0.8,
    (0.74, 0.66, 0.53): 1.2,
    (0.42, 0.31, 0.23): 1.2,
    (0.30, 0.32, 0.23): 0.8,
    (0.40, 0.13, 0.16): 0.7,
}


def draw_cloth(
    dice: Dice,
    photos: tuple[str, ...],
    shine: float | None = None,
    shade: float = 0.0,
    is_tight: bool = False,
) -> Cloth:
    """Something to make a garment of.

    Args:
        photos: CCP photos that cloth may be cut from; none, and it never is.
        shine: 0 wool to 1 lacquer; drawn where it is not given.
        shade: how often it is simply dark.
        is_tight: whether it would look like bare skin in the colours of skin.
    """
    pattern: Pattern = dice.weighted(
        {"plain": 0.78, "stripes": 0.06, "checks": 0.04, "dots": 0.02, "photo": 0.1}
    )
    if pattern == "photo" and not photos:
        pattern = "plain"
    color = _color(dice)
    if dice.chance(shade):
        color, pattern = dice.one(list(_NEUTRALS)[:2]), "plain"
    if is_tight:
        color = _unlike_skin(color)
    return Cloth(
        color=color,
        second=_near(dice, color),
        pattern=pattern,
        repeat_m=dice.uniform(0.03, 0.2),
        turn=dice.weighted({0.0: 0.7, 1.5708: 0.2, 0.7854: 0.1}),
        shine=dice.uniform(0, 0.35) if shine is None else shine,
        photo=dice.one(photos) if pattern == "photo" else None,
        seed=dice.seed(),
    )


def _color(dice: Dice) -> Rgb:
    if dice.chance(0.62):
        color = dice.weighted(_NEUTRALS)
        return _clipped(*(channel + dice.normal(0, 0.02) for channel in color))
    saturation = dice.uniform(0.15, 0.55) if dice.chance(0.7) else dice.uniform(0.55, 0.9)
    return _clipped(*colorsys.hsv_to_rgb(dice.uniform(0, 1), saturation, dice.uniform(0.25, 0.85)))


def _unlike_skin(color: Rgb) -> Rgb:
    """The colour itself, or the opposite of one that skin has."""
    hue, saturation, value = colorsys.rgb_to_hsv(*color)
    if hue < 0.13 and 0.12 < saturation < 0.7 and value > 0.2:
        return _clipped(*colorsys.hsv_to_rgb(hue + 0.5, saturation, value))
    return color


def _near(dice: Dice, color: Rgb) -> Rgb:
    """Lighter or darker, sometimes another colour."""
    if dice.chance(0.3):
        return _color(dice)
    step = dice.uniform(0.12, 0.4)
    sign = -1 if sum(color) > 1.5 else 1
    return _clipped(*(channel + sign * step for channel in color))


def _clipped(red: float, green: float, blue: float) -> Rgb:
    return (
        round(min(max(red, 0.02), 0.97), 3),
        round(min(max(green, 0.02), 0.97), 3),
        round(min(max(blue, 0.02), 0.97), 3),
    )
