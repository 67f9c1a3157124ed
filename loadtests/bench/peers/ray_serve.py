"""Ray Serve: a replica per core behind its HTTP proxy."""

import asyncio
import signal

import ray
from ray import serve
from ray.serve.schema import LoggingConfig
from starlette.requests import Request
from starlette.responses import Response

from loadtests.bench.peers.work import onnx_parser, port

REPLICAS = 2

# One that is worked on, one that is already there when it is done.
ONGOING = 2

OBJECT_STORE_BYTES = 200 * 2**20


@serve.deployment(
    num_replicas=REPLICAS,
    max_ongoing_requests=ONGOING,
    ray_actor_options={"num_cpus": 1},
    logging_config=LoggingConfig(enable_access_log=False),
)
class ParserDeployment:
    """One parser per replica."""

    def __init__(self) -> None:
        self._parser = onnx_parser()

    async def __call__(self, request: Request) -> Response:
        png = await asyncio.to_thread(self._parser.parse, await request.body())
        return Response(png, media_type="image/png")


def main() -> None:
    ray.init(
        address="local",
        num_cpus=REPLICAS,
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
    )
    serve.start(http_options={"host": "127.0.0.1", "port": port()})
    application = ParserDeployment.bind()  # type: ignore[attr-defined]
    serve.run(application, route_prefix="/parse")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
