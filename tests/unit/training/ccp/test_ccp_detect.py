"""Landmarks from MediaPipe's own environment; here a shell script stands in for its Python."""

import json
from pathlib import Path

import pytest

from training.ccp.detect import DetectionError, find_landmarks


def make_environment(cache: Path, script: str) -> None:
    """An environment that is ready; its interpreter gets SCRIPT, LIST and OUT as $1, $2 and $3."""
    python = cache / "venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    (cache / "venv/ready").touch()


def test_poses_are_read_back_by_file_stem(tmp_path: Path) -> None:
    canned = {"0001": [[0.5, 0.5, 1.0]] * 33, "0002": None}
    (tmp_path / "canned.json").write_text(json.dumps(canned))
    make_environment(tmp_path, f'cat "$2"\ncp {tmp_path / "canned.json"} "$3"')

    found = find_landmarks([tmp_path / "0001.jpg", tmp_path / "0002.jpg"], tmp_path)

    assert found == canned
    assert (tmp_path / "photos.txt").read_text().split() == [
        str(tmp_path / "0001.jpg"),
        str(tmp_path / "0002.jpg"),
    ]


def test_failure_names_the_log(tmp_path: Path) -> None:
    make_environment(tmp_path, "echo no model >&2\nexit 3")

    with pytest.raises(DetectionError, match=r"code 3, see .*mediapipe\.log"):
        find_landmarks([tmp_path / "0001.jpg"], tmp_path)

    assert (tmp_path / "mediapipe.log").read_text() == "no model\n"
