"""Find body landmarks with MediaPipe Pose; a script that runs in an environment of its own.

MediaPipe 0.10.21 needs NumPy 1, so it cannot be imported into ours. Called as
`python mediapipe_landmarks.py LIST OUT`: LIST holds one photo path per line, OUT receives JSON,
from the file's stem to 33 `[x, y, visibility]` or null where no pose was found. One line is
printed per photo.
"""

import json
import sys
from pathlib import Path

import cv2
from mediapipe.python.solutions.pose import Pose


def main(list_path: Path, out_path: Path) -> None:
    """Find the pose in every listed photo."""
    found: dict[str, list[list[float]] | None] = {}
    with Pose(static_image_mode=True, model_complexity=1) as model:
        for line in list_path.read_text(encoding="utf-8").splitlines():
            image = cv2.imread(line, cv2.IMREAD_COLOR)
            if image is None:
                raise SystemExit(f"{line} is not a picture")
            landmarks = model.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).pose_landmarks
            found[Path(line).stem] = landmarks and [
                [round(value, 5) for value in (point.x, point.y, point.visibility)]
                for point in landmarks.landmark
            ]
            print(line, flush=True)
    out_path.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
