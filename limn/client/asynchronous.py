"""The client for asyncio and trio; the methods are those of `Client`."""

import random
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar, Unpack

import anyio
import httpx2
import numpy as np
from anyio.streams.memory import MemoryObjectSendStream
from numpy.typing import NDArray

from limn.client import exchange
from limn.client.answers import Answer, answer_of
from limn.client.errors import ClientError
from limn.client.exchange import DEFAULT_URL, IN_FLIGHT, Asked
from limn.client.options import Output, ParseOptions
from limn.client.photos import Photo
from limn.client.retries import Retries
from limn.client.streamed import Streamed
from limn.wire import LabelSetDocument, LabelSetList, ModelDocument, ModelList, ParsedPhoto

Sent = TypeVar("Sent", bound=Photo)


class AsyncClient:
    """Connections to one service, as `Client`. Close it, or use it in `async with`."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        key: str | None = None,
        timeout_s: float = 60.0,
        retries: Retries | None = None,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx2.AsyncClient(
            **exchange.settings(url, key, timeout_s),
            verify=True if tls is None else tls,
            transport=transport,
        )
        self._retries = retries or Retries()
        self._rng = random.Random()  # noqa: S311 - spreads waits, hides nothing

    async def mask(self, photo: Photo, **options: Unpack[ParseOptions]) -> NDArray[np.uint8]:
        """uint8[H, W]: the class of every pixel of the upright photo."""
        return (await self.ask(photo, "mask", **options)).labels()

    async def color(self, photo: Photo, **options: Unpack[ParseOptions]) -> NDArray[np.uint8]:
        """uint8[H, W, 3] RGB: every class in its colour."""
        return (await self.ask(photo, "color", **options)).picture()

    async def overlay(self, photo: Photo, **options: Unpack[ParseOptions]) -> NDArray[np.uint8]:
        """uint8[H, W, 3] RGB: the photo under the colours; `alpha` is their weight."""
        return (await self.ask(photo, "overlay", **options)).picture()

    async def persons(self, photo: Photo, **options: Unpack[ParseOptions]) -> ParsedPhoto:
        """Parts of every person with area, box and confidence; `regions` asks for outlines."""
        return (await self.ask(photo, "json", **options)).document(ParsedPhoto)

    async def scores(
        self, photo: Photo, **options: Unpack[ParseOptions]
    ) -> dict[str, NDArray[Any]]:
        """`labels`, and the network's `scores` float16[B, K, h, w] with what belongs to them."""
        return (await self.ask(photo, "npz", **options)).arrays()

    async def ask(
        self, photo: Photo, output: Output = "mask", **options: Unpack[ParseOptions]
    ) -> Answer:
        """The answer as it came: the bytes of a file, and how long the service worked on it."""
        asked = await anyio.to_thread.run_sync(exchange.about, photo, output, options)
        return await self._send(asked)

    @asynccontextmanager
    async def stream(
        self,
        photos: Iterable[Sent],
        output: Output = "mask",
        *,
        in_flight: int = IN_FLIGHT,
        **options: Unpack[ParseOptions],
    ) -> AsyncIterator[AsyncIterator[Streamed[Sent]]]:
        """Ask about many photos, some at a time; each comes when it is ready.

            async with limn.stream(paths) as results:
                async for result in results:
                    ...

        Leaving the block ends what is still asked. The arguments are those of `Client.stream`.
        """
        waiting = enumerate(photos)
        sender, receiver = anyio.create_memory_object_stream[Streamed[Sent]]()

        async def worker(to: MemoryObjectSendStream[Streamed[Sent]]) -> None:
            async with to:
                for number, photo in waiting:
                    await to.send(await self._streamed(number, photo, output, options))

        async with anyio.create_task_group() as group, receiver:
            async with sender:
                for _ in range(in_flight):
                    group.start_soon(worker, sender.clone())
            yield receiver
            group.cancel_scope.cancel()

    async def models(self) -> list[ModelDocument]:
        """What is served, with accuracy and training data."""
        return (await self._send(exchange.document("/v1/models"))).document(ModelList).models

    async def label_sets(self) -> list[LabelSetDocument]:
        """Names and colours of every label set that can be asked for."""
        found = await self._send(exchange.document("/v1/label-sets"))
        return found.document(LabelSetList).label_sets

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _streamed(
        self, number: int, photo: Sent, output: Output, options: ParseOptions
    ) -> Streamed[Sent]:
        try:
            return Streamed(number, photo, await self.ask(photo, output, **options))
        except (ClientError, OSError) as error:
            return Streamed(number, photo, error=error)

    async def _send(self, asked: Asked) -> Answer:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._once(asked)
            except ClientError as error:
                wait_s = self._retries.wait_s(attempt, error, self._rng)
                if wait_s is None:
                    raise
            await anyio.sleep(wait_s)

    async def _once(self, asked: Asked) -> Answer:
        try:
            response = await self._http.request(**exchange.arguments(asked))
        except httpx2.TransportError as error:
            raise exchange.lost(self._http.base_url, error) from error
        return answer_of(response)
