"""A stream of messages that ends by itself, or when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from anyio import Event

T = TypeVar("T")

_FIRST = asyncio.FIRST_COMPLETED


async def until(event: Event, messages: AsyncIterator[T], idle_s: float) -> AsyncIterator[T]:
    """Messages as they come; none that has not when the event is set, or when `idle_s` is over."""
    # gRPC's own tasks are asyncio's, and the iterator must be left alone once it was cancelled.
    told = asyncio.ensure_future(event.wait())
    try:
        while True:
            coming = asyncio.ensure_future(anext(messages, None))
            try:
                await asyncio.wait((coming, told), timeout=idle_s, return_when=_FIRST)
            finally:
                if not coming.done():
                    coming.cancel()
            message = coming.result() if coming.done() else None
            if message is None:
                return
            yield message
    finally:
        told.cancel()
