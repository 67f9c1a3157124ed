"""Kill `limn batch` in the middle of thousands of pictures, and compare with an unbroken run.

`python -m tools.batch_proof --folder /tmp/proof` draws the pictures, runs the batch once unbroken
and once with a SIGKILL at half of the pictures, and prints counts and rates. It ends with status 1
where label maps, rows or reports differ.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from cli.batch import SOME_BAD

_SIDES = (128, 201)
_PER_FOLDER = 1000
_BROKEN = (7, 2500)
"""Pictures that are cut off: the report must name them, and nothing may stop for them."""


def draw(folder: Path, count: int) -> None:
    """JPEGs of 128 to 200 px: cut-outs of an astronaut, turned, lit and with a drawn figure."""
    photo: NDArray[np.uint8] = data.astronaut()
    rng = np.random.default_rng(0)
    for index in range(count):
        height, width = rng.integers(*_SIDES, 2)
        left, top = rng.integers(0, 512 - width), rng.integers(0, 512 - height)
        picture = photo[top : top + height, left : left + width].copy()
        if index % 3 == 0:
            _figure(picture, rng)
        lit = np.clip(picture * rng.uniform(0.6, 1.4), 0, 255).astype(np.uint8)
        file = folder / f"{index // _PER_FOLDER}" / f"{index:05}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(lit[:, ::-1] if index % 2 else lit).save(file, quality=88)
        if index in _BROKEN:
            file.write_bytes(file.read_bytes()[:500])


def _figure(picture: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Draw a person into a picture, in the middle."""
    height, width = picture.shape[:2]
    x, unit = width // 2, height // 16
    skin, shirt, trousers = ([int(value) for value in rng.integers(30, 230, 3)] for _ in range(3))
    cv2.circle(picture, (x, 3 * unit), 2 * unit, skin, -1)
    cv2.rectangle(picture, (x - 3 * unit, 5 * unit), (x + 3 * unit, 10 * unit), shirt, -1)
    for side in (-1, 1):
        foot = (x + side * 2 * unit, 15 * unit)
        cv2.line(picture, (x + side * unit, 10 * unit), foot, trousers, 2 * unit)


class Batch:
    """`limn batch` over the pictures, as a process of its own."""

    def __init__(self, photos: Path, repository: Path | None) -> None:
        self._photos = photos
        self._environment = dict(os.environ)
        if repository is not None:
            self._environment["LIMN_MODEL_REPOSITORY"] = str(repository)

    def start(self, out: Path) -> subprocess.Popen[bytes]:
        code = "from cli.main import main; main()"
        command = [sys.executable, "-c", code, "batch", str(self._photos), str(out)]
        return subprocess.Popen(  # noqa: S603 - our own command
            [*command, "--scales", "1"], env=self._environment
        )

    def run(self, out: Path) -> None:
        """Until it is done."""
        status = self.start(out).wait()
        if status != SOME_BAD:
            sys.exit(f"exit status {status} where some pictures are bad, not {SOME_BAD}")

    def kill_at(self, out: Path, pictures: int) -> int:
        """SIGKILL when so many label maps are written; how many are."""
        process = self.start(out)
        while process.poll() is None and (written := len(_labels(out))) < pictures:
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            sys.exit("it ended before it could be killed")
        return written


def _labels(out: Path) -> list[Path]:
    return sorted((out / "labels").rglob("*.png"))


def _rows(out: Path) -> list[dict[str, Any]]:
    """All rows without times, by picture and label."""
    rows = [
        row for part in out.glob("regions-*.parquet") for row in pq.read_table(part).to_pylist()
    ]
    kept = [{k: v for k, v in row.items() if not k.endswith("_ms")} for row in rows]
    return sorted(kept, key=lambda row: (row["id"], row["label"] or 0))


def _kept(out: Path) -> dict[Path, int]:
    """Inodes of the label maps in closed parts: a file that is written anew gets another."""
    ids = {row["id"] for row in _rows(out)}
    return {path: path.stat().st_ino for path in (out / "labels" / f"{one}.png" for one in ids)}


def _differences(one: Path, other: Path) -> list[str]:
    """What is not equal in two outputs."""
    names = [[path.relative_to(out) for path in _labels(out)] for out in (one, other)]
    if names[0] != names[1]:
        return ["the label maps have other names"]
    found = [
        str(name) for name in names[0] if (one / name).read_bytes() != (other / name).read_bytes()
    ]
    if _rows(one) != _rows(other):
        found.append("rows of the Parquet")
    if (one / "report.json").read_bytes() != (other / "report.json").read_bytes():
        found.append("report.json")
    return found


def _print(whole: dict[str, Any], broken: dict[str, Any]) -> None:
    """Counts, rates and what all runs cost."""
    for name, record in (("unbroken", whole), ("after the kill", broken)):
        run = record["runs"][-1]
        print(
            f"{name}: {run['parsed']} parsed and {run['bad']} bad in this run,"
            f" {run['rate']:.1f} per second; {record['parsed']} of {record['pictures']} parsed"
        )
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"all runs: {usage.ru_utime + usage.ru_stime:.0f} s of CPU,"
        f" at most {usage.ru_maxrss >> 10} MiB of memory"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="for pictures and outputs; new")
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--repository", type=Path, help="of models; the shipped one")
    asked = parser.parse_args()
    photos, whole, broken = (asked.folder / name for name in ("photos", "whole", "broken"))
    draw(photos, asked.pictures)
    batch = Batch(photos, asked.repository)
    batch.run(whole)
    written = batch.kill_at(broken, asked.pictures // 2)
    kept = _kept(broken)
    batch.run(broken)
    now = _kept(broken)
    redone = sum(now[path] != inode for path, inode in kept.items())
    _print(*(json.loads((out / "run.json").read_text()) for out in (whole, broken)))
    print(f"killed with {written} label maps written, {len(kept)} of them in closed parts")
    print(f"{redone} of these were written anew by the second run")
    differences = _differences(whole, broken)
    print("the outputs are equal" if not differences else f"differ: {', '.join(differences[:9])}")
    sys.exit(bool(differences or redone))


if __name__ == "__main__":
    main()
