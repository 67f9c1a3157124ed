"""How people stand, walk, sit and reach: places of hands and feet, and angles of the back."""

from collections.abc import Callable

from training.synthetic.description import Joints, Limb, Pose, Vector
from training.synthetic.drawing.choice import Dice

FILES = (
    "standing01", "standing02", "standing03", "standing04", "standing05", "standing06",
    "run01", "sit01", "fight01", "fight02", "fight03", "fight04", "gym01", "fly01", "fly02",
)  # fmt: skip
_CALM = FILES[:6]

_Limbs = tuple[Limb, Limb]


def draw_pose(dice: Dice, kinds: dict[str, float]) -> Pose:
    """A pose of one of `kinds`, by weight."""
    name = dice.weighted(kinds)
    mirrored = dice.chance(0.5)
    head = (dice.normal(4, 9), dice.normal(0, 5), dice.normal(0, 18))
    if name in ("file", "mixture"):
        return Pose(
            name=name, files=_files(dice, name), mirrored=mirrored, joints=_relaxed(dice, head)
        )
    return Pose(name=name, files={}, mirrored=mirrored, joints=_KINDS[name](dice, head))


def _files(dice: Dice, name: str) -> dict[str, float]:
    if name == "file":
        return {dice.one(FILES): 1.0}
    first, second = dice.one(_CALM), dice.one(_CALM)
    if first == second:
        return {first: 1.0}
    share = dice.uniform(0.2, 0.8)
    return {first: share, second: round(1 - share, 4)}


def _vector(dice: Dice, x: float, y: float, z: float, jitter: float = 0.04) -> Vector:
    return dice.normal(x, jitter), dice.normal(y, jitter), dice.normal(z, jitter)


def _limb(dice: Dice, target: Vector, pole: Vector, turn: float = 0.0) -> Limb:
    return Limb(
        target=_vector(dice, *target), pole=_vector(dice, *pole, 0.1), turn=dice.normal(turn, 8)
    )


_BACK: Vector = (0.3, 1.0, 0.0)
_FRONT: Vector = (0.15, -1.0, 0.0)


def _hanging(dice: Dice) -> Limb:
    return _limb(dice, (0.22, -0.06, -0.93), _BACK, 20)


def _standing_legs(dice: Dice) -> _Limbs:
    spread = dice.uniform(0.0, 0.18)
    bent = dice.uniform(0.93, 0.99)
    return (
        _limb(dice, (spread, 0.0, -0.99), _FRONT, -10),
        _limb(dice, (spread, dice.normal(0, 0.05), -bent), _FRONT, -10),
    )


def _joints(
    dice: Dice,
    head: Vector,
    arms: _Limbs,
    legs: _Limbs,
    spine: Vector = (2.0, 0.0, 0.0),
    root: Vector = (0.0, 0.0, 0.0),
    fingers: float = 18.0,
) -> Joints:
    back = (dice.normal(spine[0], 4), dice.normal(spine[1], 4), dice.normal(spine[2], 7))
    return Joints(
        root=root,
        spine=back,
        head=head,
        arms=arms,
        legs=legs,
        fingers=max(dice.normal(fingers, 8), 0),
    )


def _relaxed(dice: Dice, head: Vector) -> Joints:
    return _joints(dice, head, (_hanging(dice), _hanging(dice)), _standing_legs(dice))


def _walk(dice: Dice, head: Vector) -> Joints:
    step, swing = dice.uniform(0.15, 0.42), dice.uniform(0.1, 0.4)
    legs = (
        _limb(dice, (0.02, -step, -0.93), _FRONT, -5),
        _limb(dice, (0.02, step, -0.86), _FRONT, -5),
    )
    arms = (
        _limb(dice, (0.2, swing, -0.9), _BACK, 20),
        _limb(dice, (0.2, -swing, -0.88), _BACK, 20),
    )
    return _joints(dice, head, arms, legs, (4, 0, -swing * 15))


def _run(dice: Dice, head: Vector) -> Joints:
    legs = (
        _limb(dice, (0.02, -0.48, -0.62), _FRONT),
        _limb(dice, (0.02, dice.uniform(0.35, 0.6), -0.62), _FRONT),
    )
    arms = (
        _limb(dice, (0.22, 0.12, -0.55), (0.3, 1, 0.1), 20),
        _limb(dice, (0.08, -0.5, -0.25), (0.4, 0.6, -0.8), 20),
    )
    return _joints(dice, head, arms, legs, (12, 0, 12), fingers=60)


def _sit(dice: Dice, head: Vector) -> Joints:
    down, spread = dice.uniform(-0.62, -0.45), dice.uniform(0.02, 0.2)
    legs = (
        _limb(dice, (spread, -0.5, down), (0.25, -1, 0.6)),
        _limb(dice, (spread, dice.normal(-0.5, 0.07), down), (0.25, -1, 0.6)),
    )
    arms = (
        _limb(dice, (0.0, -0.55, -0.55), (0.8, 0.4, -0.4), 30),
        _limb(dice, (0.05, -0.5, -0.58), (0.8, 0.4, -0.4), 30),
    )
    return _joints(dice, head, arms, legs, (8, 0, 0), (dice.normal(0, 6), 0, 0))


def _bend(dice: Dice, head: Vector) -> Joints:
    forward = dice.uniform(35, 80)
    legs = tuple(_limb(dice, (0.08, dice.uniform(-0.02, 0.1), -0.93), _FRONT) for _ in "LR")
    arms = tuple(
        _limb(dice, (0.12, dice.uniform(-0.85, -0.5), -0.5), (0.8, 0.6, 0.2), 10) for _ in "LR"
    )
    return _joints(
        dice,
        head,
        (arms[0], arms[1]),
        (legs[0], legs[1]),
        (forward * 0.6, 0, 0),
        (forward * 0.3, 0, 0),
    )


def _kneel(dice: Dice, head: Vector) -> Joints:
    knee_down = _limb(dice, (0.06, 0.44, -0.52), (0.1, -0.6, -1.0))
    other = (
        _limb(dice, (0.1, -0.45, -0.52), (0.2, -1, 0.5))
        if dice.chance(0.6)
        else _limb(dice, (0.06, 0.44, -0.52), (0.1, -0.6, -1.0))
    )
    arms = (_hanging(dice), _limb(dice, (0.05, -0.5, -0.62), (0.8, 0.4, -0.4), 20))
    return _joints(dice, head, arms, (knee_down, other), (10, 0, 0))


def _squat(dice: Dice, head: Vector) -> Joints:
    legs = tuple(_limb(dice, (0.16, -0.2, -0.42), (0.5, -1, 0.1)) for _ in "LR")
    arms = tuple(_limb(dice, (0.05, -0.75, -0.35), (0.8, 0.3, -0.5), 10) for _ in "LR")
    return _joints(dice, head, (arms[0], arms[1]), (legs[0], legs[1]), (25, 0, 0), (15, 0, 0))


def _reach(dice: Dice, head: Vector) -> Joints:
    def up() -> Limb:
        return _limb(
            dice,
            (dice.uniform(0.0, 0.7), dice.uniform(-0.8, -0.1), dice.uniform(-0.1, 0.8)),
            (1.0, 0.5, -0.6),
            0,
        )

    arms = (up(), up() if dice.chance(0.35) else _hanging(dice))
    return _joints(dice, head, arms, _standing_legs(dice), (0, 0, 0), fingers=10)


def _crossed(dice: Dice, head: Vector) -> Joints:
    arms = (
        _limb(dice, (-0.42, -0.42, -0.36), (0.9, -0.1, -0.7), 60),
        _limb(dice, (-0.40, -0.50, -0.30), (0.9, -0.1, -0.7), 60),
    )
    return _joints(dice, head, arms, _standing_legs(dice), fingers=25)


def _pockets(dice: Dice, head: Vector) -> Joints:
    def pocket() -> Limb:
        return _limb(dice, (0.0, -0.07, -0.8), (1.0, 0.7, 0.0), 15)

    arms = (pocket(), pocket() if dice.chance(0.7) else _hanging(dice))
    return _joints(dice, head, arms, _standing_legs(dice), fingers=25)


def _akimbo(dice: Dice, head: Vector) -> Joints:
    def hip() -> Limb:
        return _limb(dice, (0.08, -0.06, -0.68), (1.0, 0.4, 0.0), -20)

    arms = (hip(), hip() if dice.chance(0.6) else _hanging(dice))
    return _joints(dice, head, arms, _standing_legs(dice), fingers=35)


def _at_head(dice: Dice, head: Vector) -> Joints:
    """A hand at ear, chin or hat."""
    hand = _limb(
        dice,
        (dice.uniform(-0.26, -0.12), dice.uniform(-0.3, -0.12), dice.uniform(0.28, 0.5)),
        (1.0, -0.3, -0.8),
        20,
    )
    return _joints(dice, head, (hand, _hanging(dice)), _standing_legs(dice), fingers=40)


def _holding(dice: Dice, head: Vector) -> Joints:
    """Something held up in front."""
    hand = _limb(dice, (-0.12, -0.55, -0.32), (0.7, 0.5, -0.8), 30)
    other = (
        _hanging(dice)
        if dice.chance(0.5)
        else _limb(dice, (-0.12, -0.5, -0.34), (0.7, 0.5, -0.8), 30)
    )
    return _joints(
        dice,
        (dice.normal(14, 8), head[1], head[2]),
        (hand, other),
        _standing_legs(dice),
        fingers=45,
    )


_KINDS: dict[str, Callable[[Dice, Vector], Joints]] = {
    "stand": _relaxed,
    "walk": _walk,
    "run": _run,
    "sit": _sit,
    "bend": _bend,
    "kneel": _kneel,
    "squat": _squat,
    "reach": _reach,
    "crossed": _crossed,
    "pockets": _pockets,
    "akimbo": _akimbo,
    "at_head": _at_head,
    "holding": _holding,
}

ALL: dict[str, float] = {
    "stand": 2.0, "walk": 2.4, "run": 0.8, "sit": 1.3, "bend": 0.7, "kneel": 0.6, "squat": 0.4,
    "reach": 1.5, "crossed": 0.7, "pockets": 1.0, "akimbo": 0.8, "at_head": 0.8, "holding": 1.0,
    "file": 1.6, "mixture": 1.0,
}  # fmt: skip
"""Kinds of poses by weight."""

UPRIGHT: dict[str, float] = {
    name: weight
    for name, weight in ALL.items()
    if name not in ("run", "sit", "bend", "kneel", "squat", "file")
}
"""Those that long skirts and coats can follow."""

SKIRTED: dict[str, float] = UPRIGHT | {"sit": 0.6, "bend": 0.5}
"""Those that short skirts and dresses can follow."""
