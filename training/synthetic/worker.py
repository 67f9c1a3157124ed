"""A process that renders: reads the number of a picture from stdin, answers when it is done.

Runs in the environment of `make synthetic`: `python -m training.synthetic.worker SETTINGS`,
where SETTINGS is the JSON of `WorkerSettings`. It answers one line of JSON per number.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TextIO

import cv2
from pydantic import BaseModel, ConfigDict

from training.synthetic.output import Output
from training.synthetic.sources import Sources


class WorkerSettings(BaseModel):
    """What a worker is started with; on `core` alone it computes, where that can be said.

    With more cores in sight Blender's idle threads spin: a worker with two cores to itself takes
    twice the processor time, and is no faster. Sums of floats also come out in another order, so
    that a picture would depend on the machine.
    """

    model_config = ConfigDict(frozen=True)

    core: int | None
    out: Path
    seed: int
    parts: Path
    package: Path
    body: Path
    ccp: Path | None

    @staticmethod
    def of(output: Output, sources: Sources, core: int | None) -> "WorkerSettings":
        """For a worker in another working directory."""
        return WorkerSettings(
            core=core,
            out=output.folder.resolve(),
            seed=output.seed,
            parts=sources.parts.resolve(),
            package=sources.package,
            body=sources.body,
            ccp=None if sources.ccp is None else sources.ccp.resolve(),
        )


class Answer(BaseModel):
    """What became of a picture; `error` is none if it is complete."""

    model_config = ConfigDict(frozen=True)

    index: int
    seconds: float
    error: str | None = None


def serve(settings: WorkerSettings, numbers: TextIO, answers: TextIO) -> None:
    """Render until there are no more numbers."""
    # Blender is loaded where it is needed: what a worker reads and answers is known without.
    from training.synthetic.drawing.picture import draw
    from training.synthetic.production import produce, record
    from training.synthetic.studio import Studio

    studio = Studio.open(Sources(settings.parts, settings.package, settings.body, settings.ccp))
    output = Output(settings.out, settings.seed)
    for line in numbers:
        start, index, error = time.perf_counter(), int(line), None
        try:
            description = draw(studio, settings.seed, index)
            product = produce(studio, description)
            output.write(index, product.jpeg, product.png, record(description, product))
        except Exception:
            error = traceback.format_exc(limit=-2)
        seconds = time.perf_counter() - start
        answers.write(Answer(index=index, seconds=seconds, error=error).model_dump_json() + "\n")
        answers.flush()


def main() -> None:
    """Entry point; Blender's chatter on stdout is kept from the answers."""
    settings = WorkerSettings.model_validate(json.loads(sys.argv[1]))
    if settings.core is not None:
        os.sched_setaffinity(0, {settings.core})
    cv2.setNumThreads(1)
    with os.fdopen(os.dup(1), "w") as answers, Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        serve(settings, sys.stdin, answers)


if __name__ == "__main__":
    main()
