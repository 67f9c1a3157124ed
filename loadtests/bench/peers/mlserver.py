"""MLServer: a custom runtime with a route of its own, in two inference workers."""

import asyncio
from typing import Annotated

from fastapi import Body, Response
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.handlers import custom_handler

from loadtests.bench.peers.work import onnx_parser, port

WORKERS = 2


class ParserModel(MLModel):  # type: ignore[misc]
    """One photo at a time per worker.

    A route of its own takes and gives raw bytes, which its REST form of the Open Inference Protocol
    would carry as base64.
    """

    async def load(self) -> bool:
        self._parser = onnx_parser()
        return True

    @custom_handler(rest_path="/parse")  # type: ignore[untyped-decorator]
    async def parse(self, jpeg: Annotated[bytes, Body(media_type="image/jpeg")]) -> Response:
        return Response(self._parser.parse(jpeg), media_type="image/png")


async def serve() -> None:
    settings = Settings(
        host="127.0.0.1",
        http_port=port(),
        grpc_port=0,
        metrics_endpoint=None,
        parallel_workers=WORKERS,
        debug=False,
    )
    model = ModelSettings(name="parser", implementation=f"{__spec__.name}.{ParserModel.__name__}")
    await MLServer(settings).start([model])


if __name__ == "__main__":
    asyncio.run(serve())
