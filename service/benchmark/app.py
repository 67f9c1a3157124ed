"""The benchmark server's app: teams, submissions, the leaderboard."""

import html
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Form, Header, Request, UploadFile
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

import limn
from service.benchmark.leaderboard import Entry, Leaderboard
from service.benchmark.submission import score
from service.benchmark.truth import Truth
from service.errors import UnknownToken
from service.handlers import answer_with_problems
from service.metrics import Metrics
from service.middleware import BodyLimit, RequestContext

Name = Annotated[str, Field(pattern=r"^[\w][\w .+-]{0,63}$")]


class NewTeam(BaseModel):
    """A team that wants to take part."""

    team: Name


class Benchmark:
    """What a request needs; one submission is scored at a time, so that memory stays flat."""

    def __init__(self, truth: Truth, leaderboard: Leaderboard, now: Callable[[], datetime]) -> None:
        self.truth = truth
        self.leaderboard = leaderboard
        self.now = now
        self.turn = threading.Lock()

    def submit(self, token: str, method: str, archive: UploadFile) -> Entry:
        submission = self.leaderboard.reserve(token, method, self.now())
        try:
            with self.turn:
                accuracy = score(archive.file, self.truth)
        except BaseException:
            self.leaderboard.withdraw(submission)
            raise
        return self.leaderboard.finish(submission, accuracy, self.truth.label_set.classes)


def _benchmark(request: Request) -> Benchmark:
    benchmark: Benchmark = request.app.state.benchmark
    return benchmark


def _token(authorization: Annotated[str | None, Header()] = None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnknownToken("send Authorization: Bearer <token>, as the team was given it")
    return token


Served = Annotated[Benchmark, Depends(_benchmark)]
router = APIRouter()


@router.post("/v1/teams", status_code=201)
def register(team: NewTeam, benchmark: Served) -> dict[str, str]:
    """A token for a new team; it is shown this once."""
    return {"team": team.team, "token": benchmark.leaderboard.register(team.team)}


@router.post("/v1/submissions", status_code=201)
def submit(
    archive: UploadFile,
    method: Annotated[Name, Form()],
    token: Annotated[str, Depends(_token)],
    benchmark: Served,
) -> dict[str, Any]:
    """Score a zip of `<id>.png`, one for every picture; one that is rejected is not counted."""
    return asdict(benchmark.submit(token, method, archive))


@router.get("/v1/leaderboard")
def leaderboard(benchmark: Served) -> list[dict[str, Any]]:
    """All submissions, best mIoU first; shares from 0 to 1."""
    return [asdict(entry) for entry in benchmark.leaderboard.ranking()]


@router.get("/livez")
def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/", include_in_schema=False)
def page(benchmark: Served) -> HTMLResponse:
    """The leaderboard to look at."""
    rows = "".join(
        f"<tr><td>{place}<td>{html.escape(entry.team)}<td>{html.escape(entry.method)}"
        f"<td>{100 * entry.mean_iou:.2f}<td>{100 * entry.mean_accuracy:.2f}"
        f"<td>{100 * entry.pixel_accuracy:.2f}<td>{entry.sent_at[:10]}"
        for place, entry in enumerate(benchmark.leaderboard.ranking(), start=1)
    )
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Leaderboard</title>"
        "<style>body{font:16px system-ui;margin:2rem auto;max-width:52rem}table{width:100%;"
        "border-collapse:collapse}td,th{padding:.4rem;text-align:left;border-bottom:1px solid #ccc}"
        "</style><h1>Leaderboard</h1>"
        f"<p>{len(benchmark.truth.files)} pictures, {html.escape(benchmark.truth.label_set.title)}."
        " Percent, background counts as a class.</p>"
        "<table><tr><th>#<th>team<th>method<th>mIoU<th>mean accuracy<th>pixel accuracy<th>sent"
        f"{rows}</table></html>"
    )


def create_benchmark_app(
    truth: Truth,
    leaderboard: Leaderboard,
    max_archive_bytes: int,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FastAPI:
    """An app over a truth that it never reveals: only sums over the whole data set leave it."""
    app = FastAPI(title="Limn benchmark", version=limn.__version__, docs_url=None, redoc_url=None)
    app.state.benchmark = Benchmark(truth, leaderboard, now)
    app.add_middleware(BodyLimit, limit=max_archive_bytes)
    app.add_middleware(RequestContext, metrics=Metrics())
    answer_with_problems(app)
    app.include_router(router)
    return app


def serve_benchmark(app: FastAPI, host: str, port: int) -> None:
    """Run it until it is told to stop."""
    uvicorn.run(app, host=host, port=port, server_header=False)
