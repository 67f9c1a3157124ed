"""A stream of messages that ends by itself, or when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from anyio import Event

T = TypeVar("T")


async def until(event: Event, messages: AsyncIterator[T]) -> AsyncIterator[T]:
    """Messages as they come; none that has not come when the event is set."""
    # gRPC's own tasks are asyncio's, and the iterator must be left alone once it was cancelled.
    told = asyncio.ensure_future(event.wait())
    try:
        while True:
            coming = asyncio.ensure_future(anext(messages, None))
            try:
                await asyncio.wait((coming, told), return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not coming.done():
                    coming.cancel()
            message = coming.result() if coming.done() else None
            if message is None:
                return
            yield message
    finally:
        told.cancel()
