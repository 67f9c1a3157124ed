"""Teams and their scores, in one SQLite file."""

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from limn.metrics import Accuracy
from service.errors import QuotaExceeded, TeamExists, UnknownToken

_SCHEMA = """
CREATE TABLE IF NOT EXISTS team (
    name TEXT PRIMARY KEY,
    token_sha256 TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS submission (
    id INTEGER PRIMARY KEY,
    team TEXT NOT NULL REFERENCES team (name),
    method TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    mean_iou REAL,
    mean_accuracy REAL,
    pixel_accuracy REAL,
    iou TEXT
);
"""


@dataclass(frozen=True)
class Entry:
    """One scored submission; shares from 0 to 1, None where a class does not occur."""

    team: str
    method: str
    sent_at: str
    mean_iou: float
    mean_accuracy: float
    pixel_accuracy: float
    iou: dict[str, float | None]


class Leaderboard:
    """Opens the file anew for every call, so that it can be used from any thread."""

    def __init__(self, database: Path, per_day: int) -> None:
        self.database = database
        self.per_day = per_day
        with self._connection() as connection:
            connection.executescript(_SCHEMA)
            # What a stopped server was scoring will never be finished.
            connection.execute("DELETE FROM submission WHERE mean_iou IS NULL")

    def register(self, team: str) -> str:
        """A new team's token, which is stored as a hash only.

        Raises:
            TeamExists: the name is taken.
        """
        token = secrets.token_urlsafe(24)
        try:
            with self._connection() as connection:
                connection.execute("INSERT INTO team VALUES (?, ?)", (team, _hash(token)))
        except sqlite3.IntegrityError:
            raise TeamExists(f"{team!r} is taken") from None
        return token

    def reserve(self, token: str, method: str, now: datetime) -> int:
        """One of the team's submissions of this day (UTC), as a number; counted until withdrawn.

        Raises:
            UnknownToken: no team has it.
            QuotaExceeded: the day's submissions are used up.
        """
        with self._connection() as connection:
            # The write lock first, or two requests could both take the last one.
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT name FROM team WHERE token_sha256 = ?", (_hash(token),)
            ).fetchone()
            if row is None:
                raise UnknownToken("send Authorization: Bearer <token>, as the team was given it")
            day = now.astimezone(UTC).date().isoformat()
            (used,) = connection.execute(
                "SELECT count(*) FROM submission WHERE team = ? AND substr(sent_at, 1, 10) = ?",
                (row[0], day),
            ).fetchone()
            if used >= self.per_day:
                raise QuotaExceeded(
                    f"{used} of {self.per_day} submissions sent on {day}; days end at 0:00 UTC"
                )
            sent_at = now.astimezone(UTC).isoformat(timespec="seconds")
            cursor = connection.execute(
                "INSERT INTO submission (team, method, sent_at) VALUES (?, ?, ?)",
                (row[0], method, sent_at),
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def withdraw(self, submission: int) -> None:
        """Forget a submission that could not be scored."""
        with self._connection() as connection:
            connection.execute("DELETE FROM submission WHERE id = ?", (submission,))

    def finish(self, submission: int, accuracy: Accuracy, classes: tuple[str, ...]) -> Entry:
        """Put the score of a reserved submission on the board."""
        shares = zip(classes, accuracy.iou.tolist(), strict=True)
        iou = {name: None if share != share else share for name, share in shares}
        with self._connection() as connection:
            connection.execute(
                "UPDATE submission SET mean_iou = ?, mean_accuracy = ?, pixel_accuracy = ?, iou = ?"
                " WHERE id = ?",
                (
                    accuracy.mean_iou,
                    accuracy.mean_accuracy,
                    accuracy.pixel_accuracy,
                    json.dumps(iou),
                    submission,
                ),
            )
            row = connection.execute(f"{_SELECT} WHERE id = ?", (submission,)).fetchone()
        return _entry(row)

    def ranking(self) -> list[Entry]:
        """All scored submissions, best mIoU first, of equals the earlier."""
        with self._connection() as connection:
            rows = connection.execute(
                f"{_SELECT} WHERE mean_iou IS NOT NULL ORDER BY mean_iou DESC, id"
            ).fetchall()
        return [_entry(row) for row in rows]

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Committed where nothing is raised, else rolled back."""
        with closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            yield connection


_SELECT = (
    "SELECT team, method, sent_at, mean_iou, mean_accuracy, pixel_accuracy, iou FROM submission"
)


def _entry(row: tuple[str, str, str, float, float, float, str]) -> Entry:
    return Entry(*row[:6], json.loads(row[6]))


def _hash(token: str) -> str:
    """Tokens are long and random: a plain hash cannot be guessed backwards."""
    return hashlib.sha256(token.encode()).hexdigest()
