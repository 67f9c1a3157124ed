"""`limn evaluate` of a network that learned nothing, on drawn data sets in every layout."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
import torch
from typer.testing import CliRunner

from cli.main import app
from limn.labels import LIP
from tests.fixtures.datasets import write_atr, write_pascal, write_ppss
from tests.fixtures.lip_dataset import write_lip_dataset
from training.checkpoint import save_checkpoint
from training.config.run import TrainingConfig
from training.networks.build import build_network

SERVED = Path(__file__).parents[2] / "model_repository" / "mman" / "1"


@pytest.fixture(scope="module")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 pictures to score, 96 x 64."""
    return write_lip_dataset(tmp_path_factory.mktemp("drawn"), train=1)


@pytest.fixture(scope="module")
def checkpoint(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights, canvas 64 x 48."""
    config = TrainingConfig.model_validate(
        {
            "name": "random",
            "model": {"network": "light"},
            "data": {
                "root": data_set,
                "name": "drawn",
                "licence": "CC0-1.0",
                "canvas": (64, 48),
                "canvas_scales": (1.0,),
            },
            "schedule": {
                "epochs": 1,
                "batch_size": 1,
                "learning_rate": 1e-3,
                "encoder_learning_rate": 1e-3,
                "weight_decay": 0,
                "warmup_steps": 0,
                "ema_decay": 0.5,
            },
        }
    )
    torch.manual_seed(0)
    weights = build_network(config.model, len(LIP)).state_dict()
    path = tmp_path_factory.mktemp("run") / "random.pt"
    save_checkpoint(path, {"config": config.model_dump_json(), "averaged": weights})
    return path


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def report(checkpoint: Path, data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything at once; the stem of the files written."""
    out = tmp_path_factory.mktemp("report") / "random"
    options = ["--ablations", "--input-sizes", "32,64", "--show", "v1,v0", "--worst", "2"]
    run(checkpoint, "--data", data_set, "--out", out, *options)
    return out


def test_page_has_the_sections_of_both_papers(report: Path) -> None:
    page = report.with_suffix(".md").read_text()

    assert re.findall("^## (.+)$", page, re.MULTILINE) == [
        "Every class, photos",
        "Isolated pixels and the coarse grid",
        "What the pictures show",
        "Figure, sides, faces, hats",
        "Seen in other ways",
        "The papers' numbers",
    ]
    assert "| IPR_2 | IPR_64 | mIoU, low resolution | mIoU |" in page
    assert "| full-body | 3 |" in page
    assert "| small | 3 |" in page
    for row in ("single scale", "multi-scale", "multi-scale + flip", "input 32", "input 64"):
        assert f"| {row} | 3 |" in page
    assert "MMAN, table 1: LIP val." in page
    assert "of 10,000 pictures; ours are 3 others" in page
    assert page.count("| **ours, other pictures** |") == 6


def test_rendered_pictures_are_told_apart_by_view(
    checkpoint: Path, data_set: Path, tmp_path: Path
) -> None:
    root = tmp_path / "rendered"
    shutil.copytree(data_set, root)
    (root / "val_descriptions").mkdir()
    for name, azimuth, framing in [("v0", 170, "whole"), ("v1", -100, "hips"), ("v2", 5, "head")]:
        description = {"view": {"azimuth": azimuth, "framing": framing}}
        (root / "val_descriptions" / f"{name}.json").write_text(json.dumps(description))
    out = tmp_path / "views"

    page = run(checkpoint, "--data", root, "--out", out, "--worst", "0")

    assert re.findall(r"^\| (back|side|front|head, \w+) \| (\d) \|", page, re.MULTILINE) == [
        ("front", "0"),
        ("side", "1"),
        ("back", "1"),
        ("head, front", "1"),
        ("head, side", "0"),
        ("head, back", "0"),
    ]
    (photos,) = json.loads(out.with_suffix(".json").read_text())
    assert [one["pictures"] for one in photos["rendered"]] == [0, 1, 1, 1, 0, 0]
    assert photos["rendered"][0]["sides right"] is None
    assert 0 <= photos["rendered"][2]["figure found"] <= 1


def test_json_holds_what_the_page_says(report: Path) -> None:
    (photos,) = json.loads(report.with_suffix(".json").read_text())

    views = {view["condition"]: view["mean_iou"] for view in photos["views"]}
    # The canvas's own longest side is 64.
    assert views["input 64"] == views["single scale"]
    assert views["multi-scale"] == photos["mean_iou"]
    assert set(photos["isolated"]) == {"2", "64"}
    assert sum(map(sum, photos["confusion"])) == 3 * 96 * 64
    conditions = {row["condition"]: row["pictures"] for row in photos["conditions"]}
    assert conditions["full-body"] == conditions["small"] == 3
    assert conditions["back-view"] == 0


def test_pictures_are_drawn(report: Path) -> None:
    for kind in ("shown", "worst"):
        sheet = cv2.imread(str(report.with_name(f"random_{kind}.png")))
        # Two persons beside each other, three pictures of 360 x 240 each.
        assert sheet is not None
        assert sheet.shape == (360, 2 * 3 * 240, 3)
    assert cv2.imread(str(report.with_name("random_confusion.png"))) is not None


@pytest.mark.parametrize(
    ("layout", "write", "pictures", "expected"),
    [
        pytest.param("atr", write_atr, 1, "| 16 | bag | - | - | 0.000 |", id="atr"),
        pytest.param("ppss", write_ppss, 2, "MMAN, table 3: PPSS test", id="ppss"),
        pytest.param("pascal-person-part", write_pascal, 2, "SSL, table 5: PASCAL", id="pascal"),
    ],
)
def test_other_data_sets_are_scored_in_their_own_words(
    checkpoint: Path,
    tmp_path: Path,
    layout: str,
    write: Callable[[Path], Path],
    pictures: int,
    expected: str,
) -> None:
    output = run(checkpoint, "--data", write(tmp_path), "--layout", layout, "--scales", "1")

    assert f"| photos | {pictures} |" in output
    assert expected in output


def test_crf_is_one_more_row(checkpoint: Path, data_set: Path) -> None:
    pytest.importorskip("pydensecrf", reason="needs pip install '.[crf]'")

    output = run(checkpoint, "--data", data_set, "--scales", "1", "--crf")

    assert "| + CRF | 3 |" in output


def test_crf_without_its_package_is_refused(
    checkpoint: Path, data_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.dense_crf.find_spec", lambda _: None)

    result = CliRunner().invoke(
        app, ["evaluate", str(checkpoint), "--data", str(data_set), "--crf"]
    )

    assert result.exit_code == 1
    assert "crf: needs a package: pip install '.[crf]'" in " ".join(result.output.split())


def test_served_model_has_no_scores_for_a_crf(data_set: Path) -> None:
    arguments = ["evaluate", str(SERVED), "--data", str(data_set), "--crf"]

    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 1
    assert "crf: a served model answers labels" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--show", "v0"], "--out", id="nowhere-to-draw"),
        pytest.param(["--show", "v9", "--out", "x"], "has no v9 in val", id="unknown-picture"),
        pytest.param(["--input-sizes", "big"], "input-sizes", id="size-that-is-no-number"),
        pytest.param(["--layout", "coco"], "--layout", id="unknown-layout"),
        pytest.param(["--layout", "ppss"], "has no pedestrian_parsing", id="another-layout"),
    ],
)
def test_what_cannot_be_done_is_explained(
    checkpoint: Path,
    data_set: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(
        app, ["evaluate", str(checkpoint), "--data", str(data_set), *options]
    )

    assert isinstance(result.exception, SystemExit)
    assert message in " ".join(result.output.split())
