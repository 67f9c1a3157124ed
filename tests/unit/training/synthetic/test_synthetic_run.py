"""The folder that is written, its report, and workers that do not start."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.synthetic import environment as environment_module
from training.synthetic.environment import Environment, find_environment
from training.synthetic.errors import SynthesisError
from training.synthetic.output import Output
from training.synthetic.rendering import render_all
from training.synthetic.report import report
from training.synthetic.sheets import draw_sheets
from training.synthetic.sources import Sources


@pytest.fixture
def output(tmp_path: Path) -> Output:
    """A folder that has begun."""
    output = Output(tmp_path / "out", 7)
    output.begin({"ccp": False})
    return output


def test_a_picture_with_its_description_is_complete(output: Output) -> None:
    output.write(1, b"jpeg", b"png", b"{}")

    assert output.missing(3) == [0, 2]


def test_id_lists_name_what_is_complete_and_every_tenth_is_for_validation(output: Output) -> None:
    for index in (0, 9, 10):
        output.write(index, b"jpeg", b"png", b"{}")

    output.finish(11)

    assert (output.folder / "train_id.txt").read_text() == "007_000000\n007_000010\n"
    assert (output.folder / "val_id.txt").read_text() == "007_000009\n"
    assert (output.folder / "val_segmentations" / "007_000009.png").read_bytes() == b"png"


def test_a_folder_of_other_pictures_is_refused(output: Output) -> None:
    with pytest.raises(SynthesisError, match="name another folder"):
        output.begin({"ccp": True})


def test_a_missing_environment_names_the_make_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment_module, "VENV", tmp_path)

    with pytest.raises(SynthesisError, match="make synthetic"):
        find_environment()


def test_a_worker_that_dies_is_reported_with_its_last_words(output: Output, tmp_path: Path) -> None:
    # The tests' own environment has no Blender.
    here = Environment(Path(sys.executable), tmp_path, tmp_path)

    with pytest.raises(SynthesisError, match=r"died at picture 0: .*make synthetic"):
        render_all(here, Sources(tmp_path, tmp_path, tmp_path, None), output, 1, 1, lambda _: None)


def test_the_report_counts_views_and_labels(output: Output) -> None:
    document = {
        "view": {"azimuth": 200.0, "framing": "head"},
        "person": {"pose": {"name": "walk"}},
        "bystanders": [],
        "props": [1],
        "pixels": {"0": 5, "13": 6, "255": 1},
        "seconds": {"geometry": 1.0, "picture": 2.0},
    }
    for index in range(2):
        output.write(index, b"", b"", json.dumps(document).encode())

    page = report(output.records(2))

    assert "| back | 2 | 100 % |" in page
    assert "| face | 2 | 100 % |" in page
    assert "| things | 2 | 100 % |" in page
    assert "| 3.00 | 1.00 | 2.00 |" in page


def test_sheets_show_what_is_complete(output: Output) -> None:
    picture = np.full((96, 64, 3), 200, dtype=np.uint8)
    jpeg, png = (
        cv2.imencode(kind, content)[1].tobytes()
        for kind, content in ((".jpg", picture), (".png", picture[..., 0] * 0 + 13))
    )
    output.write(1, jpeg, png, b"{}")

    draw_sheets(output, 3)

    (sheet,) = (output.folder / "sheets").iterdir()
    assert sheet.name == "000001.jpg"
    assert cv2.imread(str(sheet)) is not None


def test_a_report_of_nothing_is_empty() -> None:
    assert report([]).startswith("0 pictures")
