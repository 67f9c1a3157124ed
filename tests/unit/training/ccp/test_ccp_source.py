"""A CCP folder, read; and the ways it can be broken."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from training.ccp.source import SourceError, read_annotation, read_source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A complete CCP folder of one photo, 6 px high and 4 px wide."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "annotations/pixel-level").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "photos/0001.jpg"), np.zeros((6, 4, 3), np.uint8))
    annotate(tmp_path, np.full((6, 4), 1, np.uint8))
    names = np.array([["null"], ["skin"]], dtype=object)
    savemat(tmp_path / "label_list.mat", {"label_list": names})
    (tmp_path / "split.json").write_text(json.dumps({"train": ["0001"], "val": []}))
    (tmp_path / "landmarks.json").write_text(json.dumps({"0001": [[0.5, 0.5, 1.0]] * 33}))
    return tmp_path


def annotate(folder: Path, annotation: object) -> None:
    savemat(folder / "annotations/pixel-level/0001.mat", {"groundtruth": annotation})


def test_complete_folder_is_read(folder: Path) -> None:
    source = read_source(folder)

    assert source.class_names == ("null", "skin")
    assert source.split == {"train": ("0001",), "val": ()}
    assert source.landmarks is not None
    assert read_annotation(source, "0001").tolist() == [[1] * 4] * 6


def test_landmarks_may_be_absent(folder: Path) -> None:
    (folder / "landmarks.json").unlink()

    assert read_source(folder).landmarks is None


@pytest.mark.parametrize("name", ["label_list.mat", "split.json"])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(SourceError, match=f"{name} is missing"):
        read_source(folder)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not a CCP folder: photos is missing"):
        read_source(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("split.json", "{", "cannot be read as JSON", id="broken-json"),
        pytest.param("split.json", "{}", "does not list", id="no-subsets"),
        pytest.param("landmarks.json", "[]", "does not map", id="landmarks-are-a-list"),
        pytest.param("landmarks.json", '{"0001": [[1, 2]]}', "33 triples", id="short-pose"),
        pytest.param("label_list.mat", "text", "not a MATLAB file", id="no-matlab-file"),
    ],
)
def test_broken_description_is_refused(folder: Path, name: str, text: str, message: str) -> None:
    (folder / name).write_text(text)

    with pytest.raises(SourceError, match=message):
        read_source(folder)


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        pytest.param(np.full((6, 4), 2, np.uint8), "holds label 2", id="unknown-label"),
        pytest.param(np.zeros((5, 4), np.uint8), r"\(6, 4\), its annotation \(5, 4\)", id="size"),
        pytest.param(np.zeros((6, 4)), "not uint8", id="dtype"),
    ],
)
def test_annotation_that_does_not_fit_is_refused(
    folder: Path, annotation: object, message: str
) -> None:
    annotate(folder, annotation)

    with pytest.raises(SourceError, match=message):
        read_annotation(read_source(folder), "0001")


def test_missing_annotation_is_named(folder: Path) -> None:
    (folder / "annotations/pixel-level/0001.mat").unlink()

    with pytest.raises(SourceError, match=r"0001\.mat is missing"):
        read_annotation(read_source(folder), "0001")


def test_missing_photo_is_named(folder: Path) -> None:
    (folder / "photos/0001.jpg").unlink()

    with pytest.raises(SourceError, match=r"0001\.jpg is missing"):
        read_annotation(read_source(folder), "0001")
