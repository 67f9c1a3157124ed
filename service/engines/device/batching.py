"""Jobs of several requests in one batch: which go together, and how long they wait for company."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Job = TypeVar("Job")


@dataclass(frozen=True)
class _Waiting(Generic[Job]):
    job: Job
    since: float


class BatchQueue(Generic[Key, Job]):
    """Jobs that wait for a device, by key; those of one key may share a batch.

    Knows no clock and no device: whoever takes batches says what time it is, in seconds.
    """

    def __init__(self, most: int, longest_wait_s: float) -> None:
        """At most `most` jobs in a batch; none waits longer for more than `longest_wait_s`."""
        self._most = most
        self._longest_wait_s = longest_wait_s
        self._waiting: dict[Key, deque[_Waiting[Job]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, key: Key, job: Job, now: float) -> None:
        """To the end of its key's queue."""
        self._waiting.setdefault(key, deque()).append(_Waiting(job, now))

    def discard(self, key: Key, job: Job) -> None:
        """Nobody wants the job any more; nothing happens where it was taken already."""
        kept = deque(one for one in self._waiting.get(key, ()) if one.job is not job)
        self._waiting.pop(key, None)
        if kept:
            self._waiting[key] = kept

    def wait_s(self, now: float) -> float | None:
        """Seconds until a free device should take a batch: 0 is at once; None without jobs."""
        if not self._waiting:
            return None
        if any(len(jobs) >= self._most for jobs in self._waiting.values()):
            return 0
        oldest = min(jobs[0].since for jobs in self._waiting.values())
        return max(0.0, oldest + self._longest_wait_s - now)

    def take(self, now: float) -> tuple[Key, list[Job]]:
        """The next batch, in the order in which its jobs came; there must be one waiting.

        That of the job that waits longest, if its time is up or no batch is full; else a full one.
        """
        key = min(self._waiting, key=lambda each: self._waiting[each][0].since)
        if now < self._waiting[key][0].since + self._longest_wait_s:
            full = [each for each, jobs in self._waiting.items() if len(jobs) >= self._most]
            key = min(full, key=lambda each: self._waiting[each][0].since, default=key)
        jobs = self._waiting[key]
        batch = [jobs.popleft().job for _ in range(min(self._most, len(jobs)))]
        if not jobs:
            del self._waiting[key]
        return key, batch
