"""`limn prepare ccp` over a handful of real photos."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from cli.prepare import app
from limn.labels import IGNORE_INDEX, LIP
from tests.fixtures.ccp import CCP, needs_ccp, write_source

pytestmark = needs_ccp


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set made from six photos."""
    folder = tmp_path_factory.mktemp("ccp")
    source = write_source(folder / "source")

    result = CliRunner().invoke(app, ["ccp", str(source), str(folder / "out"), "--workers", "1"])

    assert result.exit_code == 0, result.output
    assert "train: 2 images\nval: 2 images\n" in result.output
    return folder / "out"


def test_ids_of_both_subsets_are_listed(prepared: Path) -> None:
    assert (prepared / "train_id.txt").read_text() == "0001\n0003\n"
    assert (prepared / "val_id.txt").read_text() == "0017\n0594\n"


def test_photos_are_copied_byte_by_byte(prepared: Path) -> None:
    copied = prepared / "train_images" / "0001.jpg"

    assert copied.read_bytes() == (CCP / "photos" / "0001.jpg").read_bytes()


def test_label_maps_are_single_channel_of_the_photos_size(prepared: Path) -> None:
    image = cv2.imread(str(prepared / "val_images" / "0017.jpg"))
    label_map = cv2.imread(str(prepared / "val_segmentations" / "0017.png"), cv2.IMREAD_UNCHANGED)

    assert image is not None
    assert label_map is not None
    assert label_map.shape == image.shape[:2]
    assert set(np.unique(label_map)) <= {*range(len(LIP)), IGNORE_INDEX}


def test_standing_person_shows_both_arms_and_both_shoes(prepared: Path) -> None:
    label_map = cv2.imread(str(prepared / "train_segmentations" / "0003.png"), cv2.IMREAD_UNCHANGED)

    assert label_map is not None
    for name in ("arm", "shoe"):
        left, right = (
            float(np.nonzero(label_map == LIP.index(f"{side}-{name}"))[1].mean())
            for side in ("left", "right")
        )
        # She faces the camera: her right is at the picture's left.
        assert right < left


def test_readme_and_sheets_are_written(prepared: Path) -> None:
    text = (prepared / "README.md").read_text()

    assert "- 0722: nearly the same photo as 0594 of the validation set" in text
    assert sorted(path.name for path in (prepared / "sheets").iterdir()) == [
        "train_000.jpg",
        "val_000.jpg",
    ]


def test_nothing_half_written_is_left(prepared: Path) -> None:
    assert not [path for path in prepared.rglob("*") if path.name.startswith(".")]


def test_folder_that_is_no_data_set_is_refused_in_words(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["ccp", str(tmp_path), str(tmp_path / "out")])

    assert result.exit_code == 1
    assert "not a CCP folder" in result.output
