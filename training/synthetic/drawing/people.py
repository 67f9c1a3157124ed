"""Who is seen: body, skin and hair."""

from training.synthetic.description import Body, Complexion, Rgb
from training.synthetic.drawing.choice import Dice
from training.synthetic.shape import ORIGINS

_ACTIONS = (
    ("mouthSmileLeft", "mouthSmileRight"),
    ("jawOpen",),
    ("browInnerUp",),
    ("browDownLeft", "browDownRight"),
    ("eyeSquintLeft", "eyeSquintRight"),
    ("eyeBlinkLeft", "eyeBlinkRight"),
    ("mouthPucker",),
    ("mouthFrownLeft", "mouthFrownRight"),
    ("cheekPuff",),
)
_EYES = {
    "brown": 0.5, "brownlight": 0.12, "blue": 0.08, "lightblue": 0.06, "deepblue": 0.06,
    "green": 0.06, "grey": 0.06, "bluegreen": 0.03, "ice": 0.03,
}  # fmt: skip
_TONES = {"african": (0.5, 1.0), "asian": (0.1, 0.65), "caucasian": (0.0, 0.5)}
_NATURAL: dict[Rgb, float] = {
    (0.06, 0.05, 0.05): 0.34,
    (0.13, 0.09, 0.07): 0.22,
    (0.24, 0.15, 0.09): 0.16,
    (0.40, 0.27, 0.15): 0.10,
    (0.62, 0.46, 0.26): 0.07,
    (0.80, 0.66, 0.42): 0.05,
    (0.48, 0.20, 0.09): 0.06,
}
_GRAYS: list[Rgb] = [(0.45, 0.44, 0.43), (0.62, 0.61, 0.60), (0.82, 0.81, 0.80)]
_DYES: list[Rgb] = [
    (0.65, 0.12, 0.16), (0.20, 0.30, 0.62), (0.18, 0.45, 0.36), (0.72, 0.38, 0.56),
    (0.42, 0.24, 0.56), (0.88, 0.84, 0.72),
]  # fmt: skip


def draw_body(dice: Dice) -> tuple[Body, str]:
    """An adult, and the origin that shows most in them."""
    origin = dice.one(ORIGINS)
    shares = dice.share(*(6.0 if name == origin else 0.6 for name in ORIGINS))
    is_female = dice.chance(0.5)
    body = Body(
        gender=dice.uniform(0.8, 1.0) if is_female else dice.uniform(0.0, 0.2),
        # From 20 years up.
        age=dice.uniform(0.63, 0.98),
        muscle=dice.uniform(0.3, 0.8),
        weight=min(max(dice.normal(0.48, 0.16), 0.15), 0.95),
        height=min(max(dice.normal(0.5, 0.14), 0.15), 0.85),
        proportions=dice.uniform(0.4, 0.9),
        cupsize=dice.uniform(0.25, 0.7),
        firmness=dice.uniform(0.3, 0.8),
        **dict(zip(ORIGINS, shares, strict=True)),
        expression=_expression(dice),
    )
    return body, origin


def _expression(dice: Dice) -> dict[str, float]:
    if dice.chance(0.3):
        return {}
    strength = {}
    for group in (dice.one(_ACTIONS), dice.one(_ACTIONS)):
        amount = dice.uniform(0.1, 0.7)
        strength.update(dict.fromkeys(group, amount))
    return strength


def draw_complexion(dice: Dice, origin: str) -> Complexion:
    """Skin and eyes."""
    tone = dice.uniform(*_TONES[origin])
    return Complexion(
        tone=tone,
        redness=dice.uniform(0, 1),
        blotches=dice.uniform(0, 1),
        lips=dice.uniform(0.3, 0.9),
        eyes="brown" if tone > 0.5 else dice.weighted(_EYES),
        seed=dice.seed(),
    )


def draw_hair_color(dice: Dice, body: Body) -> Rgb:
    """Natural, grey with age, and sometimes dyed."""
    if dice.chance(0.08):
        return dice.one(_DYES)
    if dice.chance(max(0.0, (body.age - 0.75) * 3)):
        return dice.one(_GRAYS)
    if body.african > 0.5 or body.asian > 0.5:
        return dice.one(list(_NATURAL)[:3])
    return dice.weighted(_NATURAL)
