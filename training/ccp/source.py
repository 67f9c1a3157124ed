"""Read the CCP data set as it is distributed, with a split and body landmarks beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from limn.errors import LimnError
from training.ccp.landmarks import LANDMARK_COUNT, Landmarks


class SourceError(LimnError):
    """The folder is not a CCP data set that can be converted."""


@dataclass(frozen=True)
class Source:
    """A CCP folder.

    Attributes:
        folder: holds `photos/`, `annotations/pixel-level/`, `label_list.mat` and `split.json`.
        class_names: CCP's label list; the position of a name is its index.
        split: ids of the annotated photos by subset, `train` and `val`.
        landmarks: landmarks by id, None where no pose was found; None where there is no
            `landmarks.json`.
    """

    folder: Path
    class_names: tuple[str, ...]
    split: Mapping[str, tuple[str, ...]]
    landmarks: Mapping[str, Landmarks | None] | None

    def photo_path(self, photo_id: str) -> Path:
        """Where the JPEG of a photo lies."""
        return self.folder / "photos" / f"{photo_id}.jpg"


def read_source(folder: Path) -> Source:
    """Read what describes the data set; photos and annotations are read one by one.

    Raises:
        SourceError: a file is missing or does not hold what it should.
    """
    for needed in ("photos", "annotations/pixel-level", "label_list.mat", "split.json"):
        if not (folder / needed).exists():
            raise SourceError(f"{folder} is not a CCP folder: {needed} is missing")
    split = _read_json(folder / "split.json")
    if not isinstance(split, dict) or not {"train", "val"} <= set(split):
        raise SourceError(f"{folder / 'split.json'} does not list `train` and `val`")
    landmarks_path = folder / "landmarks.json"
    return Source(
        folder,
        _read_class_names(folder / "label_list.mat"),
        {subset: tuple(split[subset]) for subset in ("train", "val")},
        read_landmarks(landmarks_path) if landmarks_path.exists() else None,
    )


def read_landmarks(path: Path) -> dict[str, Landmarks | None]:
    """Read landmarks by photo id from JSON.

    Raises:
        SourceError: the file is missing, or a pose has not 33 landmarks of three numbers.
    """
    landmarks = _read_json(path)
    if not isinstance(landmarks, dict):
        raise SourceError(f"{path} does not map photo ids to landmarks")
    for photo_id, pose in landmarks.items():
        if pose is not None and np.shape(pose) != (LANDMARK_COUNT, 3):
            raise SourceError(f"{path}: the pose of {photo_id} is not {LANDMARK_COUNT} triples")
    return landmarks


def read_annotation(source: Source, photo_id: str) -> NDArray[np.uint8]:
    """uint8[H, W]: indices into `source.class_names`, the size of the photo.

    Raises:
        SourceError: photo or annotation is missing, broken, or does not fit the other.
    """
    path = source.folder / "annotations" / "pixel-level" / f"{photo_id}.mat"
    annotation = _read_mat(path, "groundtruth")
    if annotation.ndim != 2 or annotation.dtype != np.uint8:
        raise SourceError(f"{path} holds {annotation.dtype}{annotation.shape}, not uint8[H, W]")
    if annotation.max(initial=0) >= len(source.class_names):
        raise SourceError(
            f"{path} holds label {annotation.max()}, the list ends at {len(source.class_names) - 1}"
        )
    image = read_photo(source.photo_path(photo_id))
    if image.shape[:2] != annotation.shape:
        raise SourceError(
            f"photo {photo_id} is {image.shape[:2]}, its annotation {annotation.shape}"
            " (height, width)"
        )
    return annotation


def read_photo(path: Path) -> NDArray[np.uint8]:
    """uint8[H, W, 3]: the photo in OpenCV's order, BGR.

    Raises:
        SourceError: the file is missing or no picture.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.exists() else None
    if image is None:
        raise SourceError(f"{path} is missing or not a picture")
    return image.astype(np.uint8, copy=False)


def _read_class_names(path: Path) -> tuple[str, ...]:
    names = tuple(str(np.ravel(cell)[0]) for cell in _read_mat(path, "label_list").ravel())
    if not names or names[0] != "null":
        raise SourceError(f"{path} does not start with the label `null`")
    return names


def _read_mat(path: Path, variable: str) -> NDArray[Any]:
    if not path.exists():
        raise SourceError(f"{path} is missing")
    try:
        contents = loadmat(path)
    except (MatReadError, ValueError, NotImplementedError, TypeError) as error:
        raise SourceError(f"{path} is not a MATLAB file: {error}") from error
    if variable not in contents:
        raise SourceError(f"{path} has no variable `{variable}`")
    array: NDArray[Any] = np.asarray(contents[variable])
    return array


def _read_json(path: Path) -> Any:  # noqa: ANN401 - JSON may hold anything
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as JSON: {error}") from error
