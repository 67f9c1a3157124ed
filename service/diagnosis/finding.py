"""What was found out about one subject."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["fine", "note", "fault"]
"""A note is worth knowing; with a fault the service does not start, or does not do its work."""


@dataclass(frozen=True)
class Finding:
    """One line of a diagnosis.

    Attributes:
        subject: what it is about.
        text: what was seen.
        advice: what to do about it, where there is something to do.
    """

    subject: str
    text: str
    verdict: Verdict = "fine"
    advice: str | None = None
