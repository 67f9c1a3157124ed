"""What is rendered: meshes with a material, each triangle with its label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import CornerUvs, ImageU8, Triangles, Vertices

Color = tuple[float, float, float]
"""sRGB, 0 to 1 each."""


@dataclass(frozen=True)
class Material:
    """How a surface looks.

    Attributes:
        color: one colour, multiplied with the texture where there is one.
        texture: uint8[h, w, 3] or [h, w, 4]; alpha below a half is a hole in the labels.
        pattern: uint8[h, w, 3], multiplied too; it repeats along `Surface.metric_uvs`.
        roughness: 0 mirror to 1 matt.
        specular: 0 to 1, how much is reflected.
        sheen: 0 to 1, the soft edge light of cloth.
    """

    color: Color = (1.0, 1.0, 1.0)
    texture: ImageU8 | None = None
    pattern: ImageU8 | None = None
    roughness: float = 0.8
    specular: float = 0.3
    sheen: float = 0.0

    @property
    def has_holes(self) -> bool:
        """Whether the texture lets something behind it be seen."""
        return self.texture is not None and self.texture.shape[2] == 4


@dataclass(frozen=True)
class Surface:
    """A mesh in metres, posed; F triangles.

    Attributes:
        vertices, triangles, uvs: float32[V, 3], int32[F, 3], float32[F, 3, 2].
        metric_uvs: float32[F, 3, 2], where the cloth lies in a bale of it; 1 is a repeat.
        labels: uint8[F], class indices of LIP, or 255 to be ignored.
        material: how it looks.
    """

    vertices: Vertices
    triangles: Triangles
    uvs: CornerUvs
    metric_uvs: CornerUvs
    labels: NDArray[np.uint8]
    material: Material
