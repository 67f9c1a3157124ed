"""A described picture as a scene: surfaces, camera, light, and the shadow on the ground."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import ImageU8
from training.synthetic.camera import Camera
from training.synthetic.description import Bystander, Description, Lighting
from training.synthetic.figure import Figure, figure_of
from training.synthetic.framing import aim, framed_vertices
from training.synthetic.landmarks import Landmarks
from training.synthetic.props import prop_surface
from training.synthetic.regions import part_weights
from training.synthetic.shadow import ground_shadow
from training.synthetic.studio import Studio
from training.synthetic.surface import Surface

_SEAT_M = 0.01


@dataclass(frozen=True)
class Scene:
    """What is rendered, but for how.

    Attributes:
        surfaces: all that is in front of the background.
        camera: that looks at it.
        sun: direction that its rays come from.
        background: uint8[H, W, 3].
        shade: float32[H, W], how much light the background loses to shadows.
    """

    surfaces: list[Surface]
    camera: Camera
    sun: tuple[float, float, float]
    background: ImageU8
    shade: NDArray[np.float32]


def build(studio: Studio, description: Description) -> Scene:
    """Dress, pose, place and frame everyone."""
    figure = figure_of(studio, description.person)
    surfaces = list(figure.surfaces)
    for prop in description.props:
        seat_z = max(_seat_height(studio, figure), 0.05)
        surfaces.append(
            prop_surface(prop, studio.model, figure.transforms, figure.rest.heads, seat_z)
        )
    view = description.view
    marks = Landmarks.of(studio.model, figure.rest)
    framed = framed_vertices(view.framing, figure.rest, marks)
    rows = np.unique(studio.model.triangles[studio.model.groups["body"]])
    points = figure.body[rows[framed[rows]]]
    if view.framing in ("head", "upper", "whole"):
        points = np.concatenate([points, *_head_things(description, figure)])
    camera = aim(points, view)
    for bystander in description.bystanders:
        surfaces += _bystander(studio, bystander, view.azimuth)
    sun = sun_direction(description.lighting, view.azimuth)
    background = studio.places.background(description.place, view.size)
    return Scene(surfaces, camera, sun, background, _shade(surfaces, camera, sun, description))


def _shade(
    surfaces: list[Surface],
    camera: Camera,
    sun: tuple[float, float, float],
    description: Description,
) -> NDArray[np.float32]:
    lighting = description.lighting
    softness = float(np.tan(np.radians(lighting.sun_angle)))
    sun_shade, sky_shade = ground_shadow(surfaces, camera, 0.0, sun, softness)
    direct = lighting.sun_strength * sun[2]
    of_sun = 0.75 * direct / (direct + np.pi * lighting.sky_strength)
    shade: NDArray[np.float32] = 1 - (1 - of_sun * sun_shade) * (1 - 0.55 * sky_shade)
    return shade.astype(np.float32)


def _head_things(description: Description, figure: Figure) -> list[NDArray[np.float32]]:
    """Vertices of hair and hats, which the frame must hold too; what hangs lower is left out."""
    highest = figure.body[:, 2].max()
    return [
        surface.vertices[surface.vertices[:, 2] > highest - 0.25]
        for surface in figure.surfaces[1:]
        if surface.vertices[:, 2].max() > highest - 0.05
    ]


def _seat_height(studio: Studio, figure: Figure) -> float:
    """Height of the lowest skin of the pelvis."""
    rows = np.unique(studio.model.triangles[studio.model.groups["body"]])
    torso = part_weights(studio.model, studio.model.dense_weights[rows])["torso"] > 0.5
    return float(figure.body[rows][torso][:, 2].min()) - _SEAT_M


def _bystander(studio: Studio, bystander: Bystander, azimuth: float) -> list[Surface]:
    """Someone else, whose labels are background; places are as the camera sees them."""
    figure = figure_of(studio, bystander.person)
    turn = np.radians(bystander.azimuth)
    cos, sin = np.cos(turn), np.sin(turn)
    spin = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], dtype=np.float32)
    towards = np.radians(azimuth)
    right = np.array([np.cos(towards), np.sin(towards), 0])
    behind = np.array([-np.sin(towards), np.cos(towards), 0])
    place = (right * bystander.place[0] + behind * bystander.place[1]).astype(np.float32)
    return [
        Surface(
            surface.vertices @ spin.T + place,
            surface.triangles,
            surface.uvs,
            surface.metric_uvs,
            np.zeros_like(surface.labels),
            surface.material,
        )
        for surface in figure.surfaces
    ]


def sun_direction(lighting: Lighting, azimuth: float) -> tuple[float, float, float]:
    """Where the sun stands; its azimuth counts from the camera."""
    around, up = np.radians(azimuth + lighting.sun_azimuth), np.radians(lighting.sun_elevation)
    return (
        float(np.sin(around) * np.cos(up)),
        float(-np.cos(around) * np.cos(up)),
        float(np.sin(up)),
    )
