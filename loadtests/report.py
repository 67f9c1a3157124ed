"""Tables in Markdown, and under which conditions their figures came about."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("tritonclient", "grpcio", "aiohttp", "numpy")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """A Markdown table whose first `words` columns are words, the others numbers."""
    rule = ["---"] * words + ["---:"] * (len(heads) - words)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))


def conditions(command: str, servers: Sequence[str]) -> list[str]:
    """Points that a page of figures has to state."""
    clients = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"- Command: `{command}`",
        f"- Date: {datetime.now(UTC):%Y-%m-%d}",
        f"- Hardware: {cpu_model()}, {os.cpu_count()} virtual cores, shared by the load generator,"
        " the servers that run beside it, and whatever else does",
        f"- Servers: {'; '.join(servers)}",
        f"- Client: Python {platform.python_version()}, {clients}",
    ]


def cpu_model() -> str:
    """Of this machine; Linux alone tells."""
    file = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", file.read_text()) if file.exists() else None
    return found[1] if found else f"{platform.machine()} processor"
