"""The page of what fuzzing did and found."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

from loadtests.report import cpu_model, table
from tests.fuzz.campaign import Campaign
from tests.fuzz.findings import FINDINGS
from tests.fuzz.target import MOST_CPU_S, MOST_GROWTH_MIB
from tests.fuzz.targets import TARGETS

_HEADS = ("target", "date", "minutes", "executions", "edges", "inputs kept", "open findings")


def page(campaigns: Sequence[Campaign]) -> str:
    """Markdown."""
    rows = [
        (
            campaign.target,
            campaign.date,
            "ended early" if campaign.seconds is None else f"{campaign.seconds / 60:.0f}",
            f"{campaign.executions:,}",
            f"{campaign.edges:,}",
            f"{campaign.kept:,}",
            str(len(campaign.found)),
        )
        for campaign in campaigns
    ]
    return "\n".join(
        [
            "# Fuzzing",
            "",
            "- Command: `make fuzz`",
            f"- Hardware: {cpu_model()}, {os.cpu_count()} virtual cores, shared with other work",
            f"- Python {platform.python_version()}, atheris {version('atheris')}; coverage is that"
            " of `limn`, `service`, Pillow, Starlette and python-multipart, not of code in C",
            f"- An input is a finding where anything but an error of our own comes back, an answer"
            f" is not what the API promises, it computes for {MOST_CPU_S:g} s, or raises the peak"
            f" of memory by {MOST_GROWTH_MIB:g} MiB",
            "",
            table(_HEADS, rows, words=2),
            "",
            *(f"- `{target.name}`: {target.title}" for target in TARGETS.values()),
            "",
            "## Findings, all fixed",
            "",
            "Each is a row of `tests/fuzz/findings.py`, replayed by `make test`.",
            "",
            *(f"- {finding.target}: {finding.what}" for finding in FINDINGS),
            "",
        ]
    )
