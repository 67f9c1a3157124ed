"""The real app around an engine without a network, called without a socket."""

import asyncio
import atexit
import logging
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args
from unittest.mock import AsyncMock, patch

import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray
from starlette.datastructures import Headers
from starlette.types import Message

from limn.contract import CONTRACT_FILE, DataSource, LabelSpec, ModelContract, sha256_of
from limn.image_formats import Format
from limn.labels import LIP
from service import opening, startup
from service.app import create_app
from service.engines.protocol import TestTimeSettings
from service.engines.scores import HostScores
from service.kserve.inference import InferenceService
from service.repository import ModelId
from service.settings import Settings

T = TypeVar("T")

MODEL = "baseline"
CANVAS = (48, 32)
STRIDE = 4

_GRID = (CANVAS[0] // STRIDE, CANVAS[1] // STRIDE)


class _NoNetwork:
    """An `Engine` that answers noise of the right shape."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        self._scores = rng.dirichlet(np.ones(len(LIP)), _GRID).transpose(2, 0, 1)

    async def scores(
        self, model: ModelId, canvases: NDArray[np.uint8], tta: TestTimeSettings
    ) -> Sequence[HostScores]:
        """See `Engine.scores`."""
        assert canvases.shape[1:] == (*CANVAS, 3)
        return [HostScores(self._scores.astype(np.float32))] * len(canvases)

    async def logits(self, model: ModelId, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.logits`."""
        count, _, height, width = pixels.shape
        return np.zeros((count, len(LIP), height // STRIDE, width // STRIDE), np.float32)

    async def ready(self) -> bool:
        """See `Engine.ready`."""
        return True

    async def close(self) -> None:
        """See `Engine.close`."""


@dataclass(frozen=True)
class Answer:
    """What a client gets."""

    status: int
    headers: Headers
    body: bytes


class _Failures(logging.Handler):
    """Keeps why a request was answered by 500, which its answer does not tell."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.last: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.exc_info[1] if record.exc_info else None


class Standing:
    """An app that has started."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(
            model_repository=_repository(folder),
            sessions=1,
            max_upload_bytes=2**16,
            max_image_pixels=20_000,
            max_image_bytes_in_flight=2**21,
            max_batch_images=3,
            max_boxes=4,
            image_formats=get_args(Format),
        )
        self.app: FastAPI = create_app(settings)
        self._runner = asyncio.Runner()
        serving = self.app.state.serving
        with (
            patch.object(opening, "_networks", return_value={}),
            patch.object(startup, "_engine", AsyncMock(return_value=_NoNetwork())),
        ):
            serving._current = self.run(serving._load())
        self.inference: InferenceService = serving.current.inference
        self._failures = _Failures()
        for name in ("limn.http", "limn.grpc"):
            logging.getLogger(name).addHandler(self._failures)
        # It tells of every form that is broken, and most are.
        logging.getLogger("python_multipart").setLevel(logging.ERROR)

    def run(self, job: Coroutine[Any, Any, T]) -> T:
        """Result of a coroutine, always in the same event loop."""
        return self._runner.run(job)

    def close(self) -> None:
        self._runner.close()

    def post(
        self, path: str, query: bytes, headers: Sequence[tuple[bytes, bytes]], chunks: list[bytes]
    ) -> Answer:
        """What a request gets; its failure is raised where it would be answered by 500."""
        answer = self.run(self._post(path, query, headers, chunks))
        if answer.status >= 500 and answer.status not in (503, 504):
            raise AssertionError(f"answered by {answer.status}") from self._failures.last
        return answer

    async def _post(
        self, path: str, query: bytes, headers: Sequence[tuple[bytes, bytes]], chunks: list[bytes]
    ) -> Answer:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query,
            "headers": headers,
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 80),
        }
        waiting, sent = list(chunks), []

        async def receive() -> Message:
            if waiting:
                chunk = waiting.pop(0)
                return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}
            # The client stays, and has no more to say.
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start, *bodies = sent
        body = b"".join(message.get("body", b"") for message in bodies)
        return Answer(start["status"], Headers(raw=start["headers"]), body)


@cache
def standing() -> Standing:
    """The one of this process."""
    folder = tempfile.TemporaryDirectory()
    made = Standing(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(made.close)
    return made


def _repository(root: Path) -> Path:
    folder = root / MODEL / "1"
    folder.mkdir(parents=True)
    file = folder / "model.onnx"
    file.write_bytes(b"no graph: nobody loads it")
    contract = ModelContract(
        name=MODEL,
        version=1,
        architecture="none",
        labels=LabelSpec.of(LIP),
        canvas=CANVAS,
        fill=(124, 116, 104),
        stride=STRIDE,
        size_multiple=8,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        scales={"0.5": (24, 16), "1": CANVAS},
        precision="fp32",
        sha256=sha256_of(file),
        sources=(DataSource(name="nothing", role="training", licence="CC0-1.0"),),
    )
    (folder / CONTRACT_FILE).write_text(contract.model_dump_json())
    return root
