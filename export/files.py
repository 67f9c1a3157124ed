"""Files that a server may be reading: replaced whole or not at all."""

from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Write beside `file`, then rename over it."""
    partial = file.with_name(f".{file.name}.partial")
    partial.write_bytes(content)
    partial.replace(file)
