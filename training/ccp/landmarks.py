"""Body landmarks in pixels, with the points that are derived from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from training.ccp.geometry import Mask, Point, Points, mask_points

LANDMARK_COUNT = 33
"""Landmarks of BlazePose (Bazarevsky et al., 2020), as MediaPipe Pose numbers them."""

Landmarks = Sequence[Sequence[float]]
"""One `[x, y, visibility]` per landmark; x and y relative to the image's width and height."""


class Side(IntEnum):
    """A side of the person's own body."""

    LEFT = 0
    RIGHT = 1


class Joint(IntEnum):
    """Landmark number of the left one of a pair; the right one's is one higher."""

    EAR = 7
    MOUTH = 9
    SHOULDER = 11
    ELBOW = 13
    WRIST = 15
    PINKY = 17
    INDEX = 19
    THUMB = 21
    HIP = 23
    KNEE = 25
    ANKLE = 27
    HEEL = 29
    TOE = 31


_LEFT_EYE, _RIGHT_EYE = 2, 5

_MAIN_JOINTS = (Joint.SHOULDER, Joint.HIP, Joint.KNEE, Joint.ANKLE)


@dataclass(frozen=True)
class Pose:
    """Where the joints of one person are.

    Attributes:
        points: float64[33, 2], (x, y) in pixels, in MediaPipe's order; may lie outside the image.
        unit: the person's scale in pixels; all radii and tolerances are shares of it.
    """

    points: Points
    unit: float

    @classmethod
    def locate(cls, landmarks: Landmarks, foreground: Mask) -> "Pose":
        """Place relative landmarks in the image of `foreground`, the annotated person.

        The unit is the distance between mid-shoulder and mid-hip, held between 0.22 and 0.40 of
        the person's height: foreshortened or misplaced torsos must not shrink every radius.
        """
        height, width = foreground.shape
        relative = np.asarray(landmarks, dtype=np.float64)[:, :2]
        points = relative * (width, height) - 0.5
        rows = np.flatnonzero(foreground.any(axis=1))
        person_height = float(rows[-1] - rows[0] + 1) if rows.size else float(height)
        shoulder, hip = (points[[joint, joint + 1]].mean(axis=0) for joint in (11, 23))
        torso = float(np.linalg.norm(hip - shoulder))
        return cls(points, float(np.clip(torso, 0.22 * person_height, 0.40 * person_height)))

    def joint(self, joint: Joint, side: Side) -> Point:
        """float64[2]: one joint."""
        point: Point = self.points[joint + side]
        return point

    def middle(self, joint: Joint) -> Point:
        """float64[2]: the point between the left and the right joint."""
        point: Point = self.points[[joint, joint + 1]].mean(axis=0)
        return point

    @property
    def eyes(self) -> Point:
        """float64[2]: the point between the eyes."""
        point: Point = self.points[[_LEFT_EYE, _RIGHT_EYE]].mean(axis=0)
        return point

    @property
    def chin(self) -> Point:
        """float64[2]: below the mouth by 0.55 of the distance from eyes to mouth."""
        mouth = self.middle(Joint.MOUTH)
        return mouth + 0.55 * (mouth - self.eyes)

    @property
    def forehead(self) -> Point:
        """float64[2]: above the eyes by 0.9 of the distance from eyes to mouth."""
        return self.eyes + 0.9 * (self.eyes - self.middle(Joint.MOUTH))

    @property
    def shoulder_width(self) -> float:
        """Distance between the shoulders in pixels; near 0 for a person seen from the side."""
        left, right = self.joint(Joint.SHOULDER, Side.LEFT), self.joint(Joint.SHOULDER, Side.RIGHT)
        return float(np.linalg.norm(left - right))

    def hand_tip(self, side: Side) -> Point:
        """float64[2]: finger tips, 1.9 times as far from the wrist as the knuckles."""
        wrist = self.joint(Joint.WRIST, side)
        knuckles = (self.joint(Joint.INDEX, side) + self.joint(Joint.PINKY, side)) / 2
        return wrist + 1.9 * (knuckles - wrist)

    def foot(self, side: Side) -> Points:
        """float64[3, 2]: ankle, heel and toe."""
        return self._line(side, Joint.ANKLE, Joint.HEEL, Joint.TOE)

    def lower_leg(self, side: Side) -> Points:
        """float64[4, 2]: knee, ankle, heel and toe."""
        return self._line(side, Joint.KNEE, Joint.ANKLE, Joint.HEEL, Joint.TOE)

    def leg(self, side: Side) -> Points:
        """float64[5, 2]: hip, knee, ankle, heel and toe."""
        return self._line(side, Joint.HIP, Joint.KNEE, Joint.ANKLE, Joint.HEEL, Joint.TOE)

    def _line(self, side: Side, *joints: Joint) -> Points:
        return np.stack([self.joint(joint, side) for joint in joints])

    def fits(self, foreground: Mask) -> bool:
        """Whether this is the pose of the annotated person, not of a passer-by.

        At least 6 of shoulders, hips, knees and ankles lie within 0.12 units of `foreground`.
        """
        pixels = mask_points(foreground)
        if not len(pixels):
            return False
        joints = [self.joint(joint, side) for joint in _MAIN_JOINTS for side in Side]
        distances = [float(np.hypot(*(pixels - joint).T).min()) for joint in joints]
        return sum(distance <= 0.12 * self.unit for distance in distances) >= 6
