"""FastAPI and ONNX Runtime, as written by hand."""

from fastapi import FastAPI

from loadtests.bench.peers.handwritten import app_of, serve
from loadtests.bench.peers.work import onnx_parser


def create_app() -> FastAPI:
    return app_of(onnx_parser())


if __name__ == "__main__":
    serve(f"{__spec__.name}:create_app")
