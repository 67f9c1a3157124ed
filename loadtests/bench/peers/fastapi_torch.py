"""FastAPI and PyTorch in eager mode, as written by hand."""

from fastapi import FastAPI

from loadtests.bench.peers.handwritten import app_of, serve
from loadtests.bench.peers.torch_network import torch_network
from loadtests.bench.peers.work import Facts, Parser, model_file


def create_app() -> FastAPI:
    model = model_file()
    return app_of(Parser(Facts.read(model), torch_network(model)))


if __name__ == "__main__":
    serve(f"{__spec__.name}:create_app")
