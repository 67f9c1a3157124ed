"""Triton, and before it the program that its users write: FastAPI around calls of its client.

Triton serves the network; what surrounds it has to be somewhere. A front of its own gives it the
same clients and the same work as all others. Tensors lie in shared memory that is registered once,
which on one machine is the fastest way to Triton.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import uvicorn
from fastapi import Body, FastAPI, Response

from loadtests.bench.peers.work import (
    Facts,
    Floats,
    finish,
    model_file,
    model_names,
    port,
    prepare,
)
from loadtests.carriers import Carrier, memory
from loadtests.server import Server

SLOTS = 4
"""Photos that Triton is asked about at a time: two for each core."""


@dataclass(frozen=True)
class Slot:
    """Shared memory for one photo: a carrier for every scale."""

    pixels: str
    logits: str
    carriers: Sequence[Carrier]

    async def ask(self, views: Sequence[Floats]) -> list[Floats]:
        """Logits of all scales, which stay until the slot is used again."""
        answers = await asyncio.gather(
            *(
                carrier.ask({self.pixels: view})
                for carrier, view in zip(self.carriers, views, strict=True)
            )
        )
        return [answer[self.logits] for answer in answers]


async def open_slot(server: Server, facts: Facts, stack: AsyncExitStack) -> Slot:
    names = model_names(model_file())
    carriers = []
    for height, width in facts.scales:
        pixels = np.zeros((1, 3, height, width), np.float32)
        cells = height // facts.stride, width // facts.stride
        logits = np.zeros((1, facts.classes, *cells), np.float32)
        shared = memory(server, names.model, {names.pixels: pixels}, {names.logits: logits})
        carriers.append(await stack.enter_async_context(shared))
    return Slot(names.pixels, names.logits, carriers)


def create_app() -> FastAPI:
    facts = Facts.read(model_file())
    slots: asyncio.Queue[Slot] = asyncio.Queue()
    cv2.setNumThreads(1)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(Server("grpc", os.environ["BENCH_TRITON"]))
            while not await is_ready(server):
                await asyncio.sleep(0.05)
            for _ in range(SLOTS):
                slots.put_nowait(await open_slot(server, facts, stack))
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/parse")
    async def parse(jpeg: Annotated[bytes, Body(media_type="image/jpeg")]) -> Response:
        photo = await asyncio.to_thread(prepare, jpeg, facts)
        slot = await slots.get()
        try:
            logits = await slot.ask(photo.views)
            png = await asyncio.to_thread(finish, logits, photo.fit, facts)
        finally:
            slots.put_nowait(slot)
        return Response(png, media_type="image/png")

    return app


async def is_ready(server: Server) -> bool:
    try:
        return bool(await server.api.is_model_ready(model_names(model_file()).model))
    except Exception:
        # Nobody listens yet.
        return False


if __name__ == "__main__":
    uvicorn.run(create_app(), port=port(), log_level="warning")
