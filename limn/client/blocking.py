"""The client that waits for each answer."""

import random
import ssl
import time
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, Self, TypeVar, Unpack

import httpx2
import numpy as np
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


class Client:
    """Connections to one service; may be used by several threads. Close it, or use it in `with`.

    Every method that asks raises `Refused` where the service says no, `Unreachable` where nothing
    answers, `UnexpectedAnswer` where something else does, and `OSError` where a photo's file cannot
    be read. What may pass, an overload or a lost connection, is tried again first.

    Args:
        url: of the service.
        key: where the service asks for one.
        timeout_s: without a byte from the service.
        retries: when to ask again.
        tls: how to check certificates and which one to show; the system's, if not given.
        transport: of httpx2, instead of the network.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        key: str | None = None,
        timeout_s: float = 60.0,
        retries: Retries | None = None,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._http = httpx2.Client(
            **exchange.settings(url, key, timeout_s),
            verify=True if tls is None else tls,
            transport=transport,
        )
        self._retries = retries or Retries()
        self._rng = random.Random()  # noqa: S311 - spreads waits, hides nothing

    def mask(self, photo: Photo, **options: Unpack[ParseOptions]) -> NDArray[np.uint8]:
        """uint8[H, W]: the class of every pixel of the upright photo."""
        return self.ask(photo, "mask", **options).labels()

    def color(self, photo: Photo, **options: Unpack[ParseOptions]) -> NDArray[np.uint8]:
        """uint8[H, W, 3] RGB: every class in its colour."""
        return self.ask(photo, "color", **options).picture()

    def overlay(self, photo: Photo, **options: Unpack[ParseOptions]) -> NDArray[np.uint8]:
        """uint8[H, W, 3] RGB: the photo under the colours; `alpha` is their weight."""
        return self.ask(photo, "overlay", **options).picture()

    def persons(self, photo: Photo, **options: Unpack[ParseOptions]) -> ParsedPhoto:
        """Parts of every person with area, box and confidence; `regions` asks for outlines."""
        return self.ask(photo, "json", **options).document(ParsedPhoto)

    def scores(self, photo: Photo, **options: Unpack[ParseOptions]) -> dict[str, NDArray[Any]]:
        """`labels`, and the network's `scores` float16[B, K, h, w] with what belongs to them."""
        return self.ask(photo, "npz", **options).arrays()

    def ask(self, photo: Photo, output: Output = "mask", **options: Unpack[ParseOptions]) -> Answer:
        """The answer as it came: the bytes of a file, and how long the service worked on it."""
        return self._send(exchange.about(photo, output, options))

    def stream(
        self,
        photos: Iterable[Sent],
        output: Output = "mask",
        *,
        in_flight: int = IN_FLIGHT,
        **options: Unpack[ParseOptions],
    ) -> Generator[Streamed[Sent], None, None]:
        """Ask about many photos, some at a time; each comes when it is ready.

        A photo that fails leaves the others alone. Photos are taken from the iterable, and
        their files read, no earlier than they are sent. Closing it ends what is not sent yet.

        Args:
            photos: may be endless.
            in_flight: how many are asked about at a time.
        """
        waiting = enumerate(photos)
        pending: set[Future[Streamed[Sent]]] = set()

        def one(number: int, photo: Sent) -> Streamed[Sent]:
            try:
                return Streamed(number, photo, self.ask(photo, output, **options))
            except (ClientError, OSError) as error:
                return Streamed(number, photo, error=error)

        with ThreadPoolExecutor(in_flight, "limn-client") as pool:
            try:
                while True:
                    for number, photo in islice(waiting, in_flight - len(pending)):
                        pending.add(pool.submit(one, number, photo))
                    if not pending:
                        return
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for finished in done:
                        yield finished.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def models(self) -> list[ModelDocument]:
        """What is served, with accuracy and training data."""
        return self._send(exchange.document("/v1/models")).document(ModelList).models

    def label_sets(self) -> list[LabelSetDocument]:
        """Names and colours of every label set that can be asked for."""
        found = self._send(exchange.document("/v1/label-sets")).document(LabelSetList)
        return found.label_sets

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, asked: Asked) -> Answer:
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(asked)
            except ClientError as error:
                wait_s = self._retries.wait_s(attempt, error, self._rng)
                if wait_s is None:
                    raise
            time.sleep(wait_s)

    def _once(self, asked: Asked) -> Answer:
        try:
            response = self._http.request(**exchange.arguments(asked))
        except httpx2.TransportError as error:
            raise exchange.lost(self._http.base_url, error) from error
        return answer_of(response)
