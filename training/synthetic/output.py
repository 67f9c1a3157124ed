"""The folder that pictures go to: LIP's layout, and a description beside each picture."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.synthetic.errors import SynthesisError

_VAL_EVERY = 10
_SETTINGS = "synthetic.json"

# To be raised with every change of what a seed gives, so that a folder never holds both.
_GENERATOR = 2
SPLITS = ("train", "val")


@dataclass(frozen=True)
class Output:
    """Pictures of one seed in one folder; every tenth is for validation."""

    folder: Path
    seed: int

    def name(self, index: int) -> str:
        """Id of a picture, as it stands in the id lists."""
        return f"{self.seed:03}_{index:06}"

    def split(self, index: int) -> str:
        """`train` or `val`."""
        return "val" if index % _VAL_EVERY == _VAL_EVERY - 1 else "train"

    def description(self, index: int) -> Path:
        """The JSON of a picture; it is written last, so a picture that has it is complete."""
        return self.folder / f"{self.split(index)}_descriptions" / f"{self.name(index)}.json"

    def pair(self, index: int) -> tuple[Path, Path]:
        """Where a picture and its label map lie."""
        split, name = self.split(index), self.name(index)
        return (
            self.folder / f"{split}_images" / f"{name}.jpg",
            self.folder / f"{split}_segmentations" / f"{name}.png",
        )

    def missing(self, count: int) -> list[int]:
        """Which of the first `count` pictures are not complete."""
        return [index for index in range(count) if not self.description(index).exists()]

    def begin(self, settings: dict[str, Any]) -> None:
        """Make the folders, and remember what the pictures are made with.

        Raises:
            SynthesisError: the folder holds pictures made with something else.
        """
        for split in SPLITS:
            for kind in ("images", "segmentations", "descriptions"):
                (self.folder / f"{split}_{kind}").mkdir(parents=True, exist_ok=True)
        wanted = {"generator": _GENERATOR, "seed": self.seed, **settings}
        path = self.folder / _SETTINGS
        if path.exists() and json.loads(path.read_text()) != wanted:
            raise SynthesisError(
                f"{self.folder} holds pictures made with {path.read_text().strip()}, not with"
                f" {json.dumps(wanted)}: name another folder"
            )
        write_atomically(path, json.dumps(wanted).encode())

    def write(self, index: int, jpeg: bytes, png: bytes, record: bytes) -> None:
        """A picture, its label map, and last what it shows."""
        image, label_map = self.pair(index)
        write_atomically(image, jpeg)
        write_atomically(label_map, png)
        write_atomically(self.description(index), record)

    def finish(self, count: int) -> None:
        """Write the id lists of what is complete."""
        for split in SPLITS:
            names = [
                self.name(index)
                for index in range(count)
                if self.split(index) == split and self.description(index).exists()
            ]
            lines = "".join(f"{name}\n" for name in names)
            write_atomically(self.folder / f"{split}_id.txt", lines.encode())

    def records(self, count: int) -> Iterator[dict[str, Any]]:
        """What is written beside each complete picture."""
        for index in range(count):
            path = self.description(index)
            if path.exists():
                yield json.loads(path.read_text())


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is never seen half written."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
