"""The run over a whole CCP folder: from photos and annotations to a data set in LIP's layout."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
from rich.progress import track

from training.ccp.convert import convert
from training.ccp.detect import find_landmarks
from training.ccp.landmarks import Landmarks
from training.ccp.report import PixelCounts, Tally, count_pixels, readme
from training.ccp.selection import select
from training.ccp.sheets import PHOTOS_PER_SHEET, write_sheet
from training.ccp.source import Source, read_annotation, read_source

_KINDS = ("images", "segmentations")
_Job = tuple[Source, str, Landmarks | None, Path, Path]


def prepare(source_folder: Path, out: Path, workers: int, with_sheets: bool) -> dict[str, Tally]:
    """Write the data set; the id lists come last, so a set that has them is complete.

    Running it again gives the same files.

    Args:
        source_folder: the CCP folder.
        out: folder to write to; made where it is missing.
        workers: processes.
        with_sheets: whether to draw contact sheets into `out/sheets`.

    Returns:
        What the subsets hold, by name.

    Raises:
        SourceError: the folder is not a CCP data set.
    """
    source = read_source(source_folder)
    chosen, excluded = select(source.split)
    landmarks = source.landmarks
    if landmarks is None:
        photos = [source.photo_path(photo_id) for ids in chosen.values() for photo_id in ids]
        landmarks = find_landmarks(photos, out.parent / f"{out.name}-landmarks")
    for folder in (out / f"{subset}_{kind}" for subset in chosen for kind in _KINDS):
        folder.mkdir(parents=True, exist_ok=True)

    context = multiprocessing.get_context("spawn")
    tallies = {}
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        for subset, ids in chosen.items():
            jobs: list[_Job] = [
                (source, photo_id, landmarks.get(photo_id), *_paths(out, subset, photo_id))
                for photo_id in ids
            ]
            done = pool.map(_convert_one, jobs, chunksize=4)
            tallies[subset] = Tally.of(list(track(done, f"{subset} images", len(jobs))))
        if with_sheets:
            _draw_sheets(pool, out, chosen)
    write_atomically(out / "README.md", readme(tallies, excluded).encode())
    for subset, ids in chosen.items():
        lines = "".join(f"{photo_id}\n" for photo_id in ids)
        write_atomically(out / f"{subset}_id.txt", lines.encode())
    return tallies


def _paths(out: Path, subset: str, photo_id: str) -> tuple[Path, Path]:
    """Where photo and label map of one image go."""
    return (
        out / f"{subset}_images" / f"{photo_id}.jpg",
        out / f"{subset}_segmentations" / f"{photo_id}.png",
    )


def _start_worker() -> None:
    cv2.setNumThreads(1)


def _convert_one(job: _Job) -> PixelCounts:
    source, photo_id, landmarks, image_path, label_path = job
    annotation = read_annotation(source, photo_id)
    label_map = convert(annotation, source.class_names, landmarks)
    png = cv2.imencode(".png", label_map)[1]
    write_atomically(image_path, source.photo_path(photo_id).read_bytes())
    write_atomically(label_path, png.tobytes())
    return count_pixels(label_map)


def _draw_sheets(pool: ProcessPoolExecutor, out: Path, chosen: dict[str, tuple[str, ...]]) -> None:
    folder = out / "sheets"
    folder.mkdir(exist_ok=True)
    jobs = [
        (folder / f"{subset}_{number:03}.jpg", [(i, *_paths(out, subset, i)) for i in group])
        for subset, ids in chosen.items()
        for number, group in enumerate(_groups(ids))
    ]
    done = pool.map(write_sheet, *zip(*jobs, strict=True))
    list(track(done, "contact sheets", len(jobs)))


def _groups(ids: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(ids), PHOTOS_PER_SHEET):
        yield ids[start : start + PHOTOS_PER_SHEET]


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is never seen half written."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
