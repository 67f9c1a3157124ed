"""`limn doctor`: what this machine offers, and what is wrong with it."""

from typing import TYPE_CHECKING

import typer

from cli.configuration import read_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.table import Table

    from service.diagnosis.finding import Finding
    from service.settings import Settings

_SUBJECT_WIDTH = 16
_MARKS = {"fine": "[green]✓[/]", "note": "[yellow]•[/]", "fault": "[red]✗[/]"}


def doctor() -> None:
    """Look at hardware, software, settings and models, and parse a picture with each.

    Exit status: 0 where the service would do its work, 1 where something is wrong.
    """
    import anyio

    settings = read_settings()
    if anyio.run(_examine, settings):
        raise typer.Exit(1)


async def _examine(settings: "Settings") -> int:
    """How many faults there are; every finding is printed as it is made."""
    from rich.console import Console

    console = Console(highlight=False)
    faults = 0
    async for finding in _findings(settings):
        faults += finding.verdict == "fault"
        console.print(_line(finding))
    console.print("nothing is wrong" if faults == 0 else f"to be mended: {faults}")
    return faults


def _line(finding: "Finding") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    line = Table.grid(padding=(0, 1))
    line.add_column(width=1)
    line.add_column(width=_SUBJECT_WIDTH, style="bold", no_wrap=True)
    line.add_column()
    line.add_row(_MARKS[finding.verdict], escape(finding.subject), escape(finding.text))
    if finding.advice is not None:
        line.add_row("", "", f"[dim]{escape(finding.advice)}[/]")
    return line


async def _findings(settings: "Settings") -> "AsyncIterator[Finding]":
    import os

    from service.diagnosis import configuration, machine, models, software

    for finding in machine.findings(settings):
        yield finding
    for finding in software.findings(settings):
        yield finding
    for finding in configuration.findings(settings, os.environ):
        yield finding
    whole = True
    for finding in models.findings(settings):
        whole &= finding.verdict != "fault"
        yield finding
    if whole:
        async for finding in models.parse_one(settings):
            yield finding
