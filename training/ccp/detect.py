"""Find body landmarks where the data set brings none, with MediaPipe in its own environment."""

import subprocess
import sys
from pathlib import Path

from rich.progress import track

from limn.errors import LimnError
from training.ccp.landmarks import Landmarks
from training.ccp.source import read_landmarks

MEDIAPIPE = "mediapipe==0.10.21"
"""The release the conversion was made with; its wheel holds the pose model."""

_SCRIPT = Path(__file__).with_name("mediapipe_landmarks.py")


class DetectionError(LimnError):
    """MediaPipe could not be installed or did not run."""


def find_landmarks(photos: list[Path], cache: Path) -> dict[str, Landmarks | None]:
    """Find the pose in every photo.

    Args:
        photos: JPEG files with distinct stems.
        cache: folder for the environment, made at first use, and for the result.

    Returns:
        Landmarks by file stem, None where no pose was found.

    Raises:
        DetectionError: MediaPipe could not be installed or failed.
    """
    python = _environment(cache / "venv")
    list_path, out_path = cache / "photos.txt", cache / "landmarks.json"
    list_path.write_text("".join(f"{photo.resolve()}\n" for photo in photos), encoding="utf-8")
    log_path = cache / "mediapipe.log"
    command = [str(python), str(_SCRIPT), str(list_path), str(out_path)]
    with (
        log_path.open("w", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,  # noqa: S603
    ):
        assert process.stdout is not None
        for _ in track(process.stdout, "body landmarks", len(photos)):
            pass
    if process.returncode:
        raise DetectionError(f"MediaPipe stopped with code {process.returncode}, see {log_path}")
    return read_landmarks(out_path)


def _environment(folder: Path) -> Path:
    """The interpreter of an environment that holds MediaPipe; made where it is missing."""
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", MEDIAPIPE])
        ready.touch()
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise DetectionError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
