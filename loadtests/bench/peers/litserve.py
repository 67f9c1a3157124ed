"""LitServe: two worker processes behind its FastAPI front."""

from typing import Annotated, Any

import litserve
from fastapi import Body, Response

from loadtests.bench.peers.work import Parser, onnx_parser, port

WORKERS = 2


class ParserAPI(litserve.LitAPI):  # type: ignore[misc]
    """One photo at a time per worker: on a CPU a batch gains nothing."""

    def setup(self, device: str) -> None:
        self._parser: Parser = onnx_parser()

    def decode_request(self, request: Annotated[bytes, Body(media_type="image/jpeg")]) -> bytes:
        return request

    def predict(self, x: bytes) -> bytes:
        return self._parser.parse(x)

    def encode_response(self, output: bytes) -> Response:
        return Response(output, media_type="image/png")


if __name__ == "__main__":
    options: dict[str, Any] = {"accelerator": "cpu", "workers_per_device": WORKERS}
    server = litserve.LitServer(ParserAPI(api_path="/parse"), **options)
    server.run(host="127.0.0.1", port=port(), log_level="warning", generate_client_file=False)
