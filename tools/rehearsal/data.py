"""The same few photos of CCP in the layouts of LIP and of PASCAL-Person-Part."""

import shutil
from pathlib import Path

from limn.encode import palette_png
from limn.labels import LIP, PASCAL_PERSON_PART
from limn.taxonomy import taxonomy
from tools.rehearsal.layout import DATA, PHOTOS, SOURCE
from training.datasets.layout import Layout
from training.datasets.lip import open_lip


def write_data() -> None:
    """The same photos in both layouts; left as they are once they are there."""
    if DATA.exists():
        return
    partial = DATA.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    table = taxonomy(LIP, PASCAL_PERSON_PART)
    lip, pascal = (partial / layout for layout in ("lip", "pascal-person-part"))
    for folder in (pascal / "JPEGImages", pascal / "pascal_person_part_gt"):
        folder.mkdir(parents=True)
    for split in ("train", "val"):
        dataset = open_lip(SOURCE, split)
        images, labels = lip / f"{split}_images", lip / f"{split}_segmentations"
        images.mkdir(parents=True)
        labels.mkdir()
        samples = dataset.samples[: PHOTOS[split]]
        for index, sample in enumerate(samples):
            shutil.copy(sample.image, images)
            shutil.copy(sample.labels, labels)
            shutil.copy(sample.image, pascal / "JPEGImages")
            parts = palette_png(table[dataset.label_map(index)], PASCAL_PERSON_PART.palette)
            (pascal / f"pascal_person_part_gt/{sample.id}.png").write_bytes(parts)
        for root in (lip, pascal):
            (root / f"{split}_id.txt").write_text("".join(f"{s.id}\n" for s in samples))
    partial.rename(DATA)


def data_of(layout: Layout) -> Path:
    return DATA / layout
