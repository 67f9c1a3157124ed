"""What a picture shows, as it is written beside it: everything drawn, in plain numbers."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Rgb = tuple[float, float, float]
"""sRGB, 0 to 1 each."""

Vector = tuple[float, float, float]

Pattern = Literal["plain", "stripes", "checks", "dots", "photo"]
Side = Literal["left", "right"]
PropKind = Literal["seat", "handbag", "backpack", "phone", "cup", "stick", "book"]
Framing = Literal["whole", "knees", "hips", "upper", "lower", "head"]


class Record(BaseModel):
    """Base of all parts of a description."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Body(Record):
    """Phenotypes of `anny`, 0 to 1 each; age 2/3 is about 25 years, 1 is old."""

    gender: float
    age: float
    muscle: float
    weight: float
    height: float
    proportions: float
    cupsize: float
    firmness: float
    african: float
    asian: float
    caucasian: float
    expression: dict[str, float]


class Complexion(Record):
    """Skin from 0, very light, to 1, very dark, how red it is, and what makes it uneven."""

    tone: float
    redness: float
    blotches: float
    lips: float
    eyes: str
    seed: int


class Cloth(Record):
    """Colour and pattern of a garment.

    Attributes:
        color, second: of the cloth, and of its pattern.
        repeat_m: metres after which the pattern repeats.
        turn: radians that the cloth is turned by.
        shine: 0 wool to 1 leather.
        photo: id of the CCP photo that the cloth is cut from, with the pattern `photo`.
        seed: of what the cloth itself draws.
    """

    color: Rgb
    second: Rgb
    pattern: Pattern
    repeat_m: float
    turn: float
    shine: float
    photo: str | None
    seed: int


class Worn(Record):
    """An item of the wardrobe, as it is worn.

    Attributes:
        item: its name in the table.
        cloth: what it is made of.
        loose_m: metres that it stands off further than it was modelled.
        flare: widening of trouser legs and sleeves, 0 for none.
        length: 0 to 1, of what is made here.
    """

    item: str
    cloth: Cloth
    loose_m: float
    flare: float
    length: float


class Limb(Record):
    """Where a hand or a foot is.

    Attributes:
        target: from shoulder or hip, in lengths of the stretched limb; x to the side of the
            limb, y backwards, z up, along the chest or the pelvis.
        pole: direction that elbow or knee points to.
        turn: degrees that hand or foot is turned inwards.
    """

    target: Vector
    pole: Vector
    turn: float


class Joints(Record):
    """A pose by angles in degrees, and places of hands and feet.

    Attributes:
        root, spine, head: about x (positive bends forwards), y and z (positive to the left).
        arms, legs: left, then right.
        fingers: degrees that the fingers are bent.
    """

    root: Vector
    spine: Vector
    head: Vector
    arms: tuple[Limb, Limb]
    legs: tuple[Limb, Limb]
    fingers: float


class Pose(Record):
    """How a person stands, sits or moves.

    Attributes:
        name: of its kind.
        files: shares of pose files that are mixed; empty where it is made from joints.
        mirrored: whether left and right trade places.
        joints: the angles; with files, only their head counts, on top of theirs.
    """

    name: str
    files: dict[str, float]
    mirrored: bool
    joints: Joints


class Person(Record):
    """One person: body, skin, clothes and pose."""

    body: Body
    complexion: Complexion
    hair: Rgb
    worn: tuple[Worn, ...]
    pose: Pose


class Bystander(Record):
    """Someone who is not labelled, at a place beside or behind."""

    person: Person
    place: Vector
    azimuth: float


class Prop(Record):
    """Something that is no part of the person: a bag, a box to sit on, a thing held.

    Attributes:
        kind: its shape.
        side: hand or shoulder that holds it.
        size_m: its longest side.
        color: of it.
    """

    kind: PropKind
    side: Side
    size_m: float
    color: Rgb


class View(Record):
    """Where the camera is, and what of the person it takes.

    Attributes:
        azimuth: degrees around the person; 0 from the front, 90 from their left.
        elevation: degrees above the horizon; negative from below.
        roll: degrees of tilt.
        distance: in heights of what is framed.
        framing: which part of the body.
        margin: share of the framed part left free around it.
        shift: x and y in shares of the framed part, which lets the frame cut.
        size: height, width in pixels.
    """

    azimuth: float
    elevation: float
    roll: float
    distance: float
    framing: Framing
    margin: float
    shift: tuple[float, float]
    size: tuple[int, int]


class Lighting(Record):
    """Sun by azimuth (relative to the camera) and elevation in degrees, and the sky."""

    sun_azimuth: float
    sun_elevation: float
    sun_strength: float
    sun_color: Rgb
    sun_angle: float
    sky_strength: float


class Place(Record):
    """The background: a CCP photo whose person is cut out, or one that is drawn.

    Attributes:
        photo: id of the photo; none draws a background from `seed`.
        mirrored: whether the photo is.
        crop: left, top and width of what is shown, in shares of the photo.
        blur: pixels.
        seed: of what is drawn.
    """

    photo: str | None
    mirrored: bool
    crop: Vector
    blur: float
    seed: int


class Finish(Record):
    """What camera and file do to a picture.

    Attributes:
        blur: sigma in pixels.
        motion: length of motion blur in pixels, along `motion_angle` degrees.
        grain: standard deviation in grey values.
        exposure: factor.
        gamma: exponent.
        warmth: factor of red, and its inverse of blue.
        gray: whether colour is lost.
        low_resolution: factor that it is made smaller by, and larger again.
        quality: of the JPEG.
        seed: of the grain.
    """

    blur: float
    motion: float
    motion_angle: float
    grain: float
    exposure: float
    gamma: float
    warmth: float
    gray: bool
    low_resolution: float
    quality: int
    seed: int


class Credit(Record):
    """Something that a picture is made with, and on what terms."""

    name: str
    source: str
    licence: str
    author: str


class Description(Record):
    """A picture, whole.

    Attributes:
        seed, index: what it is drawn from.
        person: who is labelled.
    """

    seed: int
    index: int
    person: Person
    bystanders: tuple[Bystander, ...]
    props: tuple[Prop, ...]
    view: View
    lighting: Lighting
    place: Place
    finish: Finish
    credits: tuple[Credit, ...]
