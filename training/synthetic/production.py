"""One picture from its description: JPEG, label map, and what is written beside them."""

import json
import time
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.blender import Light, Stage
from training.synthetic.description import Description
from training.synthetic.finish import composed, finished
from training.synthetic.places import sky_of
from training.synthetic.scene import Scene, build
from training.synthetic.studio import Studio

SAMPLES = 12


@dataclass(frozen=True)
class Product:
    """A finished picture.

    Attributes:
        jpeg, png: the picture, and its label map as 8-bit grey.
        labels: uint8[H, W], the same as the PNG.
        seconds: what each stage took, wall-clock.
    """

    jpeg: bytes
    png: bytes
    labels: NDArray[np.uint8]
    seconds: dict[str, float]


def produce(studio: Studio, description: Description) -> Product:
    """Build the scene, render it twice, and finish the picture."""
    start = time.perf_counter()
    scene = build(studio, description)
    built = time.perf_counter()
    stage = Stage(scene.surfaces, scene.camera, threads=1)
    figure = stage.picture(_light(scene, description), SAMPLES)
    pictured = time.perf_counter()
    labels = stage.labels()
    labelled = time.perf_counter()
    linear = composed(figure, scene.background, scene.shade)
    jpeg = finished(linear, description.finish)
    png = cv2.imencode(".png", labels)[1].tobytes()
    seconds = {
        "geometry": built - start,
        "picture": pictured - built,
        "labels": labelled - pictured,
        "finish": time.perf_counter() - labelled,
    }
    return Product(jpeg, png, labels, seconds)


def _light(scene: Scene, description: Description) -> Light:
    lighting = description.lighting
    return Light(
        scene.sun,
        lighting.sun_strength,
        lighting.sun_color,
        lighting.sun_angle,
        sky_of(scene.background),
        lighting.sky_strength,
    )


def record(description: Description, product: Product) -> bytes:
    """The JSON beside a picture: what is drawn, and how much of it is seen."""
    values, counts = np.unique(product.labels, return_counts=True)
    document = {
        **description.model_dump(mode="json"),
        "pixels": dict(zip(map(str, values.tolist()), counts.tolist(), strict=True)),
        "seconds": {name: round(value, 3) for name, value in product.seconds.items()},
    }
    return json.dumps(document, indent=1).encode()
