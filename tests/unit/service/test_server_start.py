"""What a start leaves behind, in a process of its own: what is frozen stays so."""

import subprocess
import sys

SCRIPT = """
import asyncio, gc
import uvicorn
from service.app import create_app
from service.server import GatewayServer
from service.settings import Settings

async def app(scope, receive, send):
    pass

async def started():
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None)
    config.load()
    server = GatewayServer(config, None, 1)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    assert server.started
    await server.shutdown()
    return gc.get_freeze_count(), len(gc.get_objects())

print(*asyncio.run(started()))
"""


def test_collector_has_next_to_nothing_to_look_through_once_serving() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )

    spared, left = map(int, done.stdout.split())
    assert spared > 50_000
    assert left < spared / 20
