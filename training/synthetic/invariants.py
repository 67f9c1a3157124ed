"""What must hold of labels: a mirrored scene has the mirrored labels, and no mesh is forgotten.

`python -m training.synthetic.invariants SETTINGS FIRST COUNT`, in the environment of `make
synthetic`, prints one line of JSON per picture; SETTINGS is that of a worker.
"""

import json
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX, LIP
from training.synthetic.camera import Camera
from training.synthetic.drawing.picture import draw
from training.synthetic.raster import rasterised
from training.synthetic.scene import build
from training.synthetic.sources import Sources
from training.synthetic.studio import Studio
from training.synthetic.surface import Surface
from training.synthetic.worker import WorkerSettings


def mirrored_labels(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What the mirror shows of uint8[...]: left and right trade places."""
    table = np.full(256, IGNORE_INDEX, dtype=np.uint8)
    table[: len(LIP)] = LIP.mirror
    return table[labels]


def mirrored(surfaces: Sequence[Surface]) -> list[Surface]:
    """The scene in a mirror that stands at x = 0."""
    return [
        Surface(
            surface.vertices * np.array([-1, 1, 1], dtype=np.float32),
            np.ascontiguousarray(surface.triangles[:, ::-1]),
            np.ascontiguousarray(surface.uvs[:, ::-1]),
            np.ascontiguousarray(surface.metric_uvs[:, ::-1]),
            mirrored_labels(surface.labels),
            surface.material,
        )
        for surface in surfaces
    ]


def agreement(surfaces: Sequence[Surface], camera: Camera) -> dict[str, float]:
    """Share of pixels that agree: with the mirrored scene, and with a plain z-buffer.

    Besides, the largest difference of a label's visible area from the z-buffer's, in pixels.
    """
    from training.synthetic.blender import Stage

    labels = Stage(surfaces, camera, threads=1).labels()
    other = Stage(mirrored(surfaces), camera.mirrored(), threads=1).labels()
    plain = rasterised(surfaces, camera)
    areas = [np.bincount(one.ravel(), minlength=256) for one in (labels, plain)]
    return {
        "mirror": float((mirrored_labels(other[:, ::-1]) == labels).mean()),
        "raster": float((plain == labels).mean()),
        "area": float(np.abs(areas[0] - areas[1]).max()),
        "pixels": float((labels > 0).sum()),
    }


def main() -> None:
    """Entry point."""
    settings = WorkerSettings.model_validate_json(sys.argv[1])
    first, count = map(int, sys.argv[2:4])
    studio = Studio.open(Sources(settings.parts, settings.package, settings.body, settings.ccp))
    for index in range(first, first + count):
        scene = build(studio, draw(studio, settings.seed, index))
        line = {"index": index, **agreement(scene.surfaces, scene.camera)}
        print(json.dumps(line), file=sys.stderr)


if __name__ == "__main__":
    main()
