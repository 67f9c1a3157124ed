"""Two ways to have photos parsed: in this process, or by a service somewhere."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from limn.errors import InvalidParameter
from limn.geometry import FIND_BOXES
from service.errors import NotOffered

if TYPE_CHECKING:
    from limn.client import AsyncClient, ParseOptions
    from service.parameters import ParseParameters

KEY_VARIABLE = "LIMN_KEY"
"""Where a key is read from; on a command line, histories and process lists would keep it."""


@dataclass(frozen=True)
class Asking:
    """A way to have photos parsed.

    Attributes:
        ask: a photo's bytes to its answer's; LimnError where it has none.
        classes: names of the classes in the order of their indices, for those who show them.
        in_flight: how many photos to ask about at a time.
    """

    ask: Callable[[bytes], Awaitable[bytes]]
    classes: Callable[[], Awaitable[tuple[str, ...]]]
    in_flight: int


@asynccontextmanager
async def in_this_process(parameters: "ParseParameters") -> AsyncIterator[Asking]:
    """The gateway's own pipeline, by the settings of the environment."""
    from cli.configuration import read_settings
    from service.startup import start_pipeline

    settings = read_settings()
    pipeline = await start_pipeline(settings)
    try:
        plan = pipeline.plan(parameters)

        async def ask(photo: bytes) -> bytes:
            return (await pipeline.parse(photo, plan)).content

        async def classes() -> tuple[str, ...]:
            return plan.label_set.classes

        yield Asking(ask, classes, settings.sessions)
    finally:
        await pipeline.close()


@asynccontextmanager
async def at(url: str, parameters: "ParseParameters") -> AsyncIterator[Asking]:
    """A service, asked with the key of the environment where there is one."""
    if find_spec("httpx2") is None:
        raise NotOffered("--url needs a client; pip install '.[client]' in a checkout brings it")
    from limn.client import AsyncClient
    from limn.client.exchange import IN_FLIGHT

    options = _options(parameters)
    async with AsyncClient(url, key=os.environ.get(KEY_VARIABLE)) as client:

        async def ask(photo: bytes) -> bytes:
            return (await client.ask(photo, parameters.output, **options)).content

        async def classes() -> tuple[str, ...]:
            return await _classes(client, options)

        yield Asking(ask, classes, IN_FLIGHT)


def _options(parameters: "ParseParameters") -> "ParseOptions":
    """What was set, in the client's types."""
    given = parameters.model_dump(exclude_none=True, exclude_defaults=True, exclude={"output"})
    options: ParseOptions = {}
    options.update(given)  # type: ignore[typeddict-item]
    if parameters.scales is not None:
        try:
            options["scales"] = [float(scale) for scale in parameters.scales.split(",")]
        except ValueError:
            raise InvalidParameter("scales", f"{parameters.scales!r} are no numbers") from None
    if parameters.boxes is not None and parameters.boxes != FIND_BOXES:
        try:
            options["boxes"] = json.loads(parameters.boxes)
        except ValueError:
            raise InvalidParameter("boxes", f"{parameters.boxes!r} is no JSON list") from None
    return options


async def _classes(client: "AsyncClient", options: "ParseOptions") -> tuple[str, ...]:
    name = options.get("label_set")
    if name is None:
        asked = options.get("model")
        models = await client.models()
        name = next(
            (m.label_set for m in models if (m.is_default if asked is None else m.name == asked)),
            None,
        )
    sets = {labels.name: labels for labels in await client.label_sets()}
    return tuple(one.name for one in sets[name].classes) if name in sets else ()
