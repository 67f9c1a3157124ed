"""Where the camera stands, what lights the scene, where it is, and what becomes of the file."""

from training.synthetic.description import Finish, Framing, Lighting, Place, Rgb, View
from training.synthetic.drawing.choice import Dice

_WHOLE_SIZES: dict[tuple[int, int], float] = {
    (384, 256): 5, (384, 224): 1, (384, 192): 1, (384, 288): 1, (320, 256): 1,
}  # fmt: skip
_PART_SIZES: dict[tuple[int, int], float] = {(320, 256): 3, (288, 288): 2, (320, 224): 1}

_FRAMINGS: dict[Framing, float] = {
    "whole": 0.45, "head": 0.25, "hips": 0.09, "knees": 0.07, "upper": 0.09, "lower": 0.05,
}  # fmt: skip


def draw_view(dice: Dice) -> View:
    """Half of all from behind or the side, a quarter heads and shoulders."""
    framing = dice.weighted(_FRAMINGS)
    side = dice.weighted({"front": 0.46, "left": 0.12, "right": 0.12, "back": 0.3})
    start = {"front": -50, "left": 50, "right": -130, "back": 130}[side]
    azimuth = dice.uniform(start, start + {"front": 100, "back": 100}.get(side, 80))
    tilt = dice.weighted({"level": 0.72, "above": 0.17, "below": 0.11})
    elevation = {
        "level": dice.normal(3, 4),
        "above": dice.uniform(12, 50),
        "below": dice.uniform(-22, -8),
    }[tilt]
    cut = dice.chance(0.2)
    shift = (dice.uniform(-0.3, 0.3), dice.uniform(-0.22, 0.22)) if cut else (0.0, 0.0)
    return View(
        azimuth=azimuth,
        elevation=elevation,
        roll=dice.normal(0, 2.5),
        distance=dice.uniform(1.6, 4.0),
        framing=framing,
        margin=dice.uniform(0.02, 0.16) if framing == "whole" else dice.uniform(-0.04, 0.06),
        shift=shift,
        size=dice.weighted(_WHOLE_SIZES if framing in ("whole", "knees") else _PART_SIZES),
    )


def draw_lighting(dice: Dice) -> Lighting:
    """From overcast to hard sun, from every side."""
    kind = dice.weighted({"overcast": 0.4, "sun": 0.4, "lamp": 0.2})
    colors: dict[Rgb, float] = {(1.0, 0.96, 0.9): 3, (1.0, 0.9, 0.78): 1, (0.92, 0.96, 1.0): 1}
    strength = {"overcast": (0.3, 1.2), "sun": (2.0, 4.5), "lamp": (1.0, 3.0)}[kind]
    return Lighting(
        sun_azimuth=dice.uniform(-180, 180),
        sun_elevation=dice.uniform(15, 75),
        sun_strength=dice.uniform(*strength),
        sun_color=dice.weighted(colors),
        sun_angle=dice.uniform(2, 12) if kind == "sun" else dice.uniform(15, 60),
        sky_strength=dice.uniform(0.35, 0.8) if kind == "sun" else dice.uniform(0.6, 1.1),
    )


def draw_place(dice: Dice, photos: tuple[str, ...], framing: Framing) -> Place:
    """A whole photo behind a whole person, a part of one behind a part."""
    is_whole = framing in ("whole", "knees", "lower")
    share = dice.uniform(0.85, 1.0) if is_whole else dice.uniform(0.35, 0.8)
    return Place(
        photo=dice.one(photos) if photos else None,
        mirrored=dice.chance(0.5),
        crop=(
            dice.uniform(0, 1),
            dice.uniform(0.6, 1.0) if is_whole else dice.uniform(0, 0.6),
            share,
        ),
        blur=dice.uniform(0, 1.2) if is_whole else dice.uniform(0.5, 4.0),
        seed=dice.seed(),
    )


def draw_finish(dice: Dice) -> Finish:
    """Mostly clean; some of each fault that photos have."""
    return Finish(
        blur=dice.uniform(0.2, 0.7) if dice.chance(0.75) else dice.uniform(0.7, 1.8),
        motion=dice.uniform(3, 8) if dice.chance(0.05) else 0.0,
        motion_angle=dice.uniform(0, 180),
        grain=dice.uniform(0.5, 4) if dice.chance(0.8) else dice.uniform(4, 12),
        exposure=dice.uniform(0.85, 1.4),
        gamma=dice.uniform(0.85, 1.15),
        warmth=dice.uniform(0.94, 1.08),
        gray=dice.chance(0.06),
        low_resolution=dice.uniform(1.8, 4.0) if dice.chance(0.12) else 1.0,
        quality=int(dice.uniform(55, 96)),
        seed=dice.seed(),
    )
