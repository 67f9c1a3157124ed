"""How many bytes of decoded photos exist at a time; who comes when they are taken waits."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import Event

from limn.image_formats import ImageHeader
from service.errors import TooCostly

DECODING_BYTES = {"JPEG": 15}
"""Most bytes per pixel while a photo is decoded, as measured: a CMYK JPEG that lies on its side."""
DECODING_BYTES_OTHERS = 27
"""The same for every other format: a WebP with alpha that lies on its side."""
DECODED_BYTES = 12
"""Most bytes per pixel from then to the encoded answer, as measured: an overlay."""


def bytes_of(header: ImageHeader) -> int:
    """What decoding a photo takes at its worst, by what its header promises."""
    per_pixel = DECODING_BYTES.get(header.kind, DECODING_BYTES_OTHERS)
    return header.height * header.width * per_pixel


class MemoryBudget:
    """Gives out `limit` bytes, first come first served; for the event loop alone.

    Waiting, not refusing: a request that is admitted has sent its body and its work is counted, so
    what waits is bounded already, and the images of one batch would refuse each other. Its deadline
    ends the wait. Each holds once and only ever gives back, so nobody waits for each other.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.taken = 0
        self._waiting: deque[tuple[int, Event]] = deque()

    @asynccontextmanager
    async def held(self, count: int) -> AsyncIterator["Held"]:
        """Hold `count` bytes, as soon as there is room.

        Raises:
            TooCostly: that is more than there is in all.
        """
        if count > self._limit:
            raise TooCostly(
                f"decoding this takes {count} bytes, and the limit is {self._limit}: send a"
                " smaller image"
            )
        await self._take(count)
        held = Held(self, count)
        try:
            yield held
        finally:
            held.shrink(0)

    async def _take(self, count: int) -> None:
        if not self._waiting and self.taken + count <= self._limit:
            self.taken += count
            return
        turn = (count, Event())
        self._waiting.append(turn)
        try:
            await turn[1].wait()
        except BaseException:
            # Cancelled: in line still, or just after its turn had come.
            if turn in self._waiting:
                self._waiting.remove(turn)
                self._give(0)
            else:
                self._give(count)
            raise

    def _give(self, count: int) -> None:
        self.taken -= count
        while self._waiting and self.taken + self._waiting[0][0] <= self._limit:
            wanted, turn = self._waiting.popleft()
            self.taken += wanted
            turn.set()


class Held:
    """Bytes that one photo holds."""

    def __init__(self, budget: MemoryBudget, count: int) -> None:
        self._budget = budget
        self.count = count

    def shrink(self, count: int) -> None:
        """Give back what is more than `count`."""
        if count < self.count:
            excess, self.count = self.count - count, count
            self._budget._give(excess)
