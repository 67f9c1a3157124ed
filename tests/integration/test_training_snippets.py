"""What the documents tell to type about training, typed: on drawn people, with small configs.

What is smaller than in the documents stands in the call of `checkout`, and where a command is cut.
"""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch

from limn.ops import kernels
from tests.fixtures import documents
from tests.fixtures.ccp import needs_ccp, write_source
from tests.fixtures.checkout import checkout
from tests.fixtures.datasets import write_atr, write_pascal, write_ppss
from tests.fixtures.lip_dataset import write_lip_dataset
from tests.fixtures.shell import run
from training.config.run import read_config
from training.networks.resnet import ResNet101

pytestmark = pytest.mark.slow

PAGE = "docs/training.md"


def epochs_of(run_folder: Path) -> int:
    return len((run_folder / "history.csv").read_text().splitlines()) - 1


@pytest.mark.types(
    {
        "docs/how-to/train.md": [
            "make train",
            ".venv/bin/limn evaluate",
            "make export",
            ".venv/bin/limn export int8",
            ".venv/bin/limn export half",
            ".venv/bin/limn export kernels",
        ]
    }
)
def test_training_of_your_own(commands: list[str], tmp_path: Path) -> None:
    place = checkout(tmp_path, epochs=8, batch_size=3, warmup_steps=1, validate_every=8)
    write_lip_dataset(place / "data/ccp", train=24, val=6, size=(192, 128))

    fast = kernels.library() is not None
    for command in commands:
        if fast or "kernels" not in command:
            run(command, place, {"LIMN_MODEL_REPOSITORY": str(place / "model_repository")})

    version = place / "model_repository/mine/1"
    assert {"model.onnx", "model.int8.onnx", "model.half.onnx", "contract.json"} <= {
        path.name for path in version.iterdir()
    }
    assert (version / "model.kernels.onnx").is_file() == fast
    assert (place / "model_repository/mine_parse/1/contract.json").is_file()
    assert (place / "page.md").is_file()


@pytest.mark.types({PAGE: ["limn prepare check DIR --layout lip"]})
def test_data_sets_are_checked(commands: list[str], tmp_path: Path) -> None:
    (check,) = commands
    for layout, write in (
        ("lip", write_lip_dataset),
        ("pascal-person-part", write_pascal),
        ("atr", write_atr),
        ("ppss", write_ppss),
    ):
        data = write(tmp_path / layout)
        assert "train: " in run(check.replace("DIR", str(data)).replace("lip", layout))


@needs_ccp
@pytest.mark.types({PAGE: ["limn prepare ccp"]})
def test_ccp_is_prepared(commands: list[str], tmp_path: Path) -> None:
    (prepare,) = commands
    source = write_source(tmp_path / "source")

    printed = run(prepare.replace("SOURCE", str(source)), tmp_path)

    assert printed.endswith("train: 2 images\nval: 2 images\n")
    assert "val: 2 pictures" in run("limn prepare check data/ccp --layout lip", tmp_path)


@pytest.mark.types(
    {
        PAGE: [
            "make train",
            ".venv/bin/limn evaluate runs/mman_lip/best.pt --data data/lip",
            ".venv/bin/limn evaluate runs/mman_lip/best.pt --data data/ppss",
            ".venv/bin/torchrun",
        ]
    }
)
def test_row_of_mman(commands: list[str], tmp_path: Path) -> None:
    train, evaluate, across, together = commands
    place = checkout(tmp_path, epochs=1, batch_size=1, workers=1, canvas=[64, 64])
    write_lip_dataset(place / "data/lip", train=2, val=2, layout="distributed")
    write_ppss(place / "data/ppss")
    (place / "weights").mkdir()
    file = {**ResNet101().state_dict(), "fc.weight": torch.zeros(1000, 2048)}
    torch.save(file, place / "weights/resnet101.pth")

    run(train, place)

    # Beside the paper's own figure.
    assert "46.81" in run(evaluate, place)
    assert (place / "docs/results/mman_lip.md").is_file()
    assert "| photos | 2 |" in run(across, place)

    shutil.rmtree(place / "runs/mman_lip")
    run(together.replace("--nproc-per-node 8", "--nproc-per-node 2"), place)

    assert json.loads((place / "runs/mman_lip/environment.json").read_text())["processes"] == 2
    own, _ = documents.blocks(PAGE, "toml")
    (place / "training/configs/mman_lip_8.toml").write_text(own)
    config = read_config(place / "training/configs/mman_lip_8.toml")
    assert (
        config.schedule.learning_rate
        == 4 * read_config(place / "training/configs/mman_lip.toml").schedule.learning_rate
    )


@pytest.mark.types(
    {
        PAGE: [
            ".venv/bin/limn evaluate runs/attention_ssl_lip/best.pt --data data/atr",
            ".venv/bin/limn evaluate runs/attention_ssl_lip/best.pt --data data/lip",
        ]
    }
)
def test_row_of_ssl_in_two_stages(commands: list[str], tmp_path: Path) -> None:
    place = checkout(tmp_path, epochs=1, batch_size=2, workers=1, canvas=[64, 64])
    write_lip_dataset(place / "data/lip", train=2, val=2)
    write_atr(place / "data/atr")
    for name in ("attention_lip", "attention_ssl_lip"):
        run(f"make train CONFIG=training/configs/{name}.toml", place)

    across, sizes = (run(command, place) for command in commands)

    assert "| photos | 1 |" in across
    for size in (153, 321, 513):
        assert re.search(rf"^\| input {size} \| 2 \|", sizes, re.MULTILINE), sizes


@pytest.mark.types({PAGE: ["limn reopen model_repository/mman/1 runs/mman", "limn train own.toml"]})
def test_going_on_from_a_served_model(commands: list[str], tmp_path: Path) -> None:
    reopen, train = commands
    place = checkout(tmp_path, epochs=1, batch_size=4, warmup_steps=1, workers=0)
    for name in ("own", "synthetic"):
        write_lip_dataset(place / "data" / name, train=6, val=3, size=(192, 128))
    _, own, companion = documents.blocks(PAGE, "toml")
    (place / "own.toml").write_text(own + companion)

    run(reopen, place)
    run(train, place)

    assert epochs_of(place / "runs/own") == 1


@pytest.mark.types(
    {
        PAGE: [
            "limn reopen model_repository/mman/1 runs/shipped",
            "limn persons train training/persons/configs/finder_first.toml",
            "limn persons train training/persons/configs/finder_second.toml",
            "limn persons train training/persons/configs/finder.toml",
            "limn persons export",
            "limn persons measure",
        ],
        "docs/results/persons_found.md": ["limn persons measure"],
    }
)
def test_person_finder(commands: list[str], tmp_path: Path) -> None:
    *make, measure, measure_again = commands
    place = checkout(tmp_path, steps=2, batch_size=2, per_batch=1, warmup_steps=1, validate_every=2)
    for name in ("ccp", "synthetic"):
        write_lip_dataset(place / "data" / name, train=6, val=3, size=(192, 128))

    for command in make:
        run(command, place)
    tables = [run(f"{command} --photos 5", place) for command in (measure, measure_again)]

    assert (place / "person_finder/model.onnx").is_file()
    assert all("| composed, 5 | 5 | 25 |" in table for table in tables)


@pytest.mark.types(
    {
        "docs/synthetic.md": [
            "limn train training/configs/rendered/control.toml",
            "limn train training/configs/rendered/mixture.toml",
            "limn evaluate runs/rendered_mixture/best.pt --data data/ccp",
            "limn evaluate runs/rendered_mixture/best.pt --data data/synthetic",
            "limn train training/configs/rendered/sides.toml",
            "limn train training/configs/rendered/sides_long.toml",
            "limn train training/configs/rendered/ssl.toml",
            "limn train training/configs/rendered/settled.toml",
            "limn train training/configs/rendered/final_mman.toml",
            "limn train training/configs/rendered/final_ssl.toml",
            "limn evaluate runs/rendered_settled/last.pt --data data/ccp",
            "limn evaluate runs/rendered_settled/last.pt --data data/synthetic",
            "limn evaluate model_repository/mman/1 --data data/ccp",
            "limn evaluate model_repository/mman/1 --data data/synthetic",
        ]
    }
)
def test_comparison_with_rendered_people(commands: list[str], tmp_path: Path) -> None:
    control, mixture, stress, rendered, *gate = commands
    place = checkout(
        tmp_path, epochs=1, batch_size=4, per_batch=1, workers=1, warmup_steps=1, validate_every=1
    )
    for name in ("ccp", "synthetic"):
        write_lip_dataset(place / "data" / name, train=6, val=2, size=(192, 128))

    for command in (control, mixture):
        run(command, place)

    assert [epochs_of(place / f"runs/rendered_{name}") for name in ("control", "mixture")] == [1, 1]
    assert "turned 20 degrees" in run(stress, place)
    assert "mIoU" in run(rendered, place)
    stages, pages = gate[:-4], gate[-4:]
    for command in stages:
        run(command, place)
    names = "sides", "sides_long", "ssl", "settled", "final_mman", "final_ssl"
    assert [epochs_of(place / f"runs/rendered_{name}") for name in names] == len(names) * [1]
    for page in pages:
        assert "sides right" in run(page, place)


@pytest.mark.types(
    {
        "README.md": ["limn evaluate model_repository/mman/1"],
        "docs/results/canvases.md": ["python -m tools.canvases"],
        "docs/results/reduced_decoding.md": ["python -m tools.reduced_decoding"],
    }
)
def test_figures_of_a_served_model(commands: list[str], tmp_path: Path) -> None:
    evaluate, canvases, reduced = commands
    place = checkout(tmp_path)
    write_lip_dataset(place / "data/ccp", train=2, val=2, size=(192, 128))

    page = run(evaluate, place)

    for row in ("photos", "upper half", "turned 20 degrees"):
        assert f"| {row} | 2 |" in page
    assert "mIoU" in run(canvases, place)
    assert "mIoU" in run(reduced, place)
