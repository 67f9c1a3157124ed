"""Bones that turn: rotations, chains, limbs that reach, pose files."""

from pathlib import Path

import numpy as np
import pytest

from training.synthetic.bvh import read_pose
from training.synthetic.errors import SynthesisError
from training.synthetic.limbs import reach
from training.synthetic.skeleton import euler, forward, skin

# A chain of two bones along x.
HEADS = np.array([[0, 0, 0], [1, 0, 0]], dtype=np.float32)
PARENTS = np.array([-1, 0], dtype=np.int16)


def test_the_first_letter_of_an_order_stands_outermost() -> None:
    turned = euler(np.array([90.0, 0.0, 90.0]), "xz") @ [1, 0, 0]

    # About z it goes to y, and then about x to z.
    assert turned == pytest.approx([0, 0, 1])


def test_a_bone_takes_along_what_hangs_on_it() -> None:
    quarter = euler(np.array([0.0, 0.0, 90.0]))
    transforms = forward(HEADS, PARENTS, np.stack([quarter, quarter]))
    tip = np.array([[2, 0, 0]], dtype=np.float32)

    moved = skin(tip, np.array([[0, 1]], dtype=np.float32), transforms)

    # The first turn brings the second bone's head to (0, 1, 0); the second turns back to -x.
    assert moved[0] == pytest.approx([-1, 1, 0], abs=1e-6)


def test_a_vertex_between_two_bones_moves_half_way() -> None:
    still, lifted = np.eye(3), euler(np.array([0.0, 0.0, 180.0]))
    transforms = forward(HEADS, PARENTS, np.stack([still, lifted]))
    tip = np.array([[2, 0, 0]], dtype=np.float32)

    moved = skin(tip, np.array([[0.5, 0.5]], dtype=np.float32), transforms)

    assert moved[0] == pytest.approx([1, 0, 0], abs=1e-6)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param((0.0, -1.0, -1.0), id="forward"),
        pytest.param((1.2, 0.3, 0.8), id="up"),
        pytest.param((0.3, -0.2, -0.4), id="near"),
    ],
)
def test_a_limb_reaches_its_target_with_its_elbow_at_the_pole(
    target: tuple[float, float, float],
) -> None:
    rest = (np.array([0.0, 0, 0]), np.array([0.7, 0, -0.7]), np.array([1.4, 0, -1.4]))
    hinge = np.cross(rest[2], [0, -1.0, 0])
    goal, pole = np.array(target), np.array([0.0, 1.0, 0.2])

    upper, lower = reach(rest, hinge / np.linalg.norm(hinge), goal, pole)

    elbow = upper @ rest[1]
    hand = elbow + upper @ lower @ (rest[2] - rest[1])
    assert hand == pytest.approx(goal, abs=1e-6)
    ahead = goal / np.linalg.norm(goal)
    assert (elbow - ahead * (elbow @ ahead)) @ pole > 0


def test_a_limb_stretches_towards_what_is_too_far() -> None:
    rest = (np.zeros(3), np.array([0.0, 0, -1]), np.array([0.0, 0, -2]))

    upper, lower = reach(rest, np.array([1.0, 0, 0]), np.array([0.0, -5, 0]), np.array([0, 0, 1.0]))

    hand = upper @ rest[1] + upper @ lower @ (rest[2] - rest[1])
    assert hand == pytest.approx([0, -1.99, 0], abs=1e-6)


BVH = """HIERARCHY
ROOT root
{
    OFFSET 0 0 0
    CHANNELS 6 Xposition Yposition Zposition Xrotation Yrotation Zrotation
    JOINT arm
    {
        OFFSET 0 1 0
        CHANNELS 3 Zrotation Xrotation Yrotation
        End Site
        {
            OFFSET 0 1 0
        }
    }
}
MOTION
Frames: 1
Frame Time: 0.04
7 8 9 0 90 0 0 0 0
"""


def test_a_pose_file_is_turned_into_our_axes(tmp_path: Path) -> None:
    (tmp_path / "pose.bvh").write_text(BVH)

    root, arm = read_pose(tmp_path / "pose.bvh", ["root", "arm"])

    # About their y, which is our z: from the front (-y) to the left (x).
    assert root @ [0, -1, 0] == pytest.approx([1, 0, 0], abs=1e-9)
    assert arm == pytest.approx(np.eye(3))


def test_a_pose_file_without_a_bone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pose.bvh").write_text(BVH)

    with pytest.raises(SynthesisError, match="no rotation for tail"):
        read_pose(tmp_path / "pose.bvh", ["root", "tail"])
