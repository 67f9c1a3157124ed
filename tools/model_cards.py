"""Write docs/models: a card for every shipped model, from its contract and what was measured.

`python -m tools.model_cards`; with `--pictures FOLDER` also docs/images/views.jpg, of people that
`limn synthesize FOLDER` rendered without `--ccp`, whose photos may not be passed on.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cli.offline import served_parser
from limn.contract import ModelContract, read_contract
from limn.labels import LIP
from limn.ops.paint import colorize, overlay
from training.datasets.lip import open_lip
from training.rendered import SIDES, view_of

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "models"
MODELS = {"mman": 1, "ssl": 1}
WRITTEN = "<!-- Written by `python -m tools.model_cards`. -->\n\n"

_WEAK = 0.4
"""IoU below which a class is named among the failures."""
_HEIGHT = 260
_KINDS = {
    "mman": "A light generator trained with MMAN's two discriminators (Luo et al., ECCV 2018)",
    "ssl": "The same light generator trained with SSL's structure-sensitive loss (Gong et al.,"
    " CVPR 2017)",
}


def card(name: str) -> str:
    """The page of a model."""
    folder = ROOT / "model_repository" / name / str(MODELS[name])
    contract = read_contract(folder)
    measured = json.loads((ROOT / f"docs/results/{name}_ccp_val.json").read_text())
    parts = [
        f"# `{name}` {contract.version}",
        f"{_KINDS[name]}. {_facts(contract, folder)}",
        _uses(),
        "## What it was made of",
        _sources(contract),
        "## How accurate it is",
        _accuracy(name, contract, measured),
        "## Where it fails",
        _failures(measured[0]),
        "![Rendered people from the front, the side and behind: photo, what it says, what is true]"
        "(../images/views.jpg)",
        "These people are rendered, so their truth is exact. It was trained on others of their"
        " kind, not on them.",
        "## How it came to be",
        f"[The stages of its training](../shipped-models.md), [its accuracy in full]"
        f"(../results/{name}_ccp_val.md), [what each part brought](../training.md).",
    ]
    return "\n\n".join(parts) + "\n"


def _facts(contract: ModelContract, folder: Path) -> str:
    size = (folder / contract.file).stat().st_size / 1e6
    height, width = contract.canvas
    scales = ", ".join(contract.scales)
    formats = [f"`{contract.file}` ({contract.precision} weights, {size:.1f} MB)"]
    if contract.int8 is not None:
        formats.append(
            f"`{contract.int8.file}` for CPUs, which costs"
            f" {contract.int8.mean_iou_before - contract.int8.mean_iou:.2f} points of mIoU"
        )
    if contract.kernels is not None:
        formats.append(
            f"`{contract.kernels.file}`, the same for CPUs with AVX2 or more, which agrees with"
            f" INT8 on {contract.kernels.agreement:.2f} % of the cells"
        )
    if contract.half is not None:
        formats.append(
            f"`{contract.half.file}` for GPUs, which agrees on"
            f" {contract.half.agreement:.2f} % of the cells"
        )
    return (
        "EfficientNet-Lite0, 20 labels of Look into Person, one person per canvas of"
        f" {width}x{height} pixels, seen at scales {scales}. Number formats: {'; '.join(formats)}."
    )


def _uses() -> str:
    return (
        "**For** photos of one person, whole, from the front or from behind, in everyday or"
        " fashionable clothes: try-on, search by garment, analytics over many people.\n\n"
        "**Not for** deciding anything about a single person: not who somebody is, nor age, sex,"
        " health, origin or intent. It was made on photos of fashionable people and on rendered"
        " ones; how it does for others, by age, skin, dress or disability, has not been measured."
    )


def _sources(contract: ModelContract) -> str:
    rows = [
        f"| {source.name} | {source.role} | {source.licence} | {source.samples or ''} |"
        for source in contract.sources
    ]
    head = "| source | role | licence | pictures |\n|---|---|---|---:|"
    rendered = "Part of the training is rendered: [how, and what it brings](../synthetic.md)."
    return "\n".join([head, *rows, "", f"{rendered} The weights are under Apache-2.0."])


def _accuracy(name: str, contract: ModelContract, measured: list[dict[str, Any]]) -> str:
    photos, *stressed = measured
    latest = contract.measured[-1]
    stress = ", ".join(f"{one['condition']} {_percent(one['mean_iou'])}" for one in stressed)
    rows = [f"| {label} | {_percent(iou)} |" for label, iou in photos["iou"].items()]
    return "\n".join(
        [
            f"On {latest.data}: **{_percent(photos['mean_iou'])} % mIoU**,"
            f" {_percent(photos['pixel_accuracy'])} % of the pixels (`{latest.command}`,"
            f" {latest.date}). These photos also chose the checkpoint, so it is somewhat kind.",
            "",
            f"Harder pictures made of the same photos, mIoU: {stress}.",
            "",
            "| class | IoU, % |",
            "|---|---:|",
            *rows,
        ]
    )


def _failures(photos: dict[str, Any]) -> str:
    """Weak classes, with what they are taken for."""
    matrix = np.array(photos["confusion"])
    lines = []
    for index, (label, iou) in enumerate(photos["iou"].items()):
        if iou is None or iou >= _WEAK:
            continue
        shares = matrix[index] / max(1, matrix[index].sum())
        others = [other for other in np.argsort(-shares) if other != index and shares[other] > 0.1]
        taken = ", ".join(f"{LIP.classes[other]} ({shares[other]:.0%})" for other in others[:3])
        lines.append(f"- **{label}**, {_percent(iou)} % IoU: taken for {taken or 'many things'}.")
    lines.append(
        "- **Half a person**: without legs or head in sight garments are guessed (upper and lower"
        " half above)."
    )
    lines.append(
        "- **Sideways**: which arm, leg or shoe is the left one is a guess, on heads and shoulders"
        " above all ([by view](../synthetic.md#who-is-seen-from-behind))."
    )
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def pictures(folder: Path) -> Image.Image:
    """Rendered people from three sides: photo, prediction and truth of each."""
    shown: dict[str, NDArray[np.uint8]] = {}
    with served_parser(ROOT / "model_repository/mman/1", scales=None, flip=False) as parse:
        for dataset in (open_lip(folder, "train"), open_lip(folder, "val")):
            for index, sample in enumerate(dataset.samples):
                view = view_of(folder, dataset.split, sample.id)
                if view in SIDES and view not in shown:
                    image, truth = dataset.pair(index)
                    panels = [image, overlay(image, parse(image), LIP.palette, 0.75)]
                    shown[view] = np.hstack([*panels, colorize(truth, LIP.palette)])
    rows = []
    for side in SIDES:
        factor = _HEIGHT / shown[side].shape[0]
        rows.append(cv2.resize(shown[side], None, fx=factor, fy=factor))
    return Image.fromarray(np.hstack(rows).astype(np.uint8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, help="folder of `limn synthesize`")
    folder: Path | None = parser.parse_args().pictures
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        (FOLDER / f"{name}.md").write_text(WRITTEN + card(name))
    if folder is not None:
        pictures(folder).save(ROOT / "docs/images/views.jpg", quality=88)


if __name__ == "__main__":
    main()
