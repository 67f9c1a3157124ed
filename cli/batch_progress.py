"""The progress of a batch on a terminal: how many, how fast, how long still, how many bad."""

from types import TracebackType
from typing import Self


class BatchProgress:
    """A bar on stderr, where that is a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        console = Console(stderr=True)
        self._progress = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.1f}/s"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[bad]} bad"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("pictures", total=None, rate=0.0, bad=0)
        self._bad = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begin(self, pictures: int, parsed: int) -> None:
        """See `service.batch.run.Watcher`."""
        self._progress.reset(self._task, total=pictures, completed=parsed)

    def picture(self, is_bad: bool) -> None:
        """See `service.batch.run.Watcher`."""
        self._bad += is_bad
        self._progress.update(self._task, advance=1, bad=self._bad, rate=self._rate())

    def _rate(self) -> float:
        (task,) = self._progress.tasks
        return task.speed or 0.0
