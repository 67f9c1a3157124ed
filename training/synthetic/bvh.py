"""Poses in BVH files: a rotation per bone."""

from pathlib import Path

import numpy as np

from training.synthetic.errors import SynthesisError
from training.synthetic.skeleton import Rotations, euler


def read_pose(path: Path, bones: list[str]) -> Rotations:
    """The first frame as float64[B, 3, 3] in our axes; where the figure stands is left out.

    Raises:
        SynthesisError: the file is missing, has no frame, or lacks one of `bones`.
    """
    try:
        hierarchy, motion = path.read_text().split("MOTION")
        values = [float(word) for word in motion.split("Frame Time:")[1].split("\n")[1].split()]
    except (OSError, ValueError, IndexError) as error:
        raise SynthesisError(f"{path}: not a BVH file with a frame ({error})") from error
    angles: dict[str, tuple[list[float], str]] = {}
    position, bone = 0, ""
    for words in map(str.split, hierarchy.splitlines()):
        match words:
            case ["ROOT" | "JOINT", name]:
                bone = name
            case ["CHANNELS", count, *channels]:
                frame = dict(zip(channels, values[position:], strict=False))
                order = "".join(name[0].lower() for name in channels if name.endswith("rotation"))
                angles[bone] = [frame[f"{axis}rotation"] for axis in "XYZ"], order
                position += int(count)
    missing = set(bones) - set(angles)
    if missing:
        raise SynthesisError(f"{path}: no rotation for {', '.join(sorted(missing)[:3])}")
    turns = np.array([euler(np.array(angles[name][0]), angles[name][1]) for name in bones])
    ours: Rotations = _TO_OURS @ turns @ _TO_OURS.T
    return ours


# BVH and MakeHuman: y up, z to the front. Ours: z up, y to the back.
_TO_OURS = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
