"""What a worker must know to do parts of a batch, on this machine or on another."""

from dataclasses import dataclass

from service.batch.output import Output
from service.batch.record import BatchSettings
from service.batch.source import Source
from service.parameters import ParseParameters
from service.settings import Settings


@dataclass(frozen=True)
class Job:
    """Can be pickled.

    Attributes:
        promised: what the answers must be made with.
        in_flight: pictures at a time in one process.
    """

    settings: Settings
    parameters: ParseParameters
    source: Source
    output: Output
    promised: BatchSettings
    in_flight: int
