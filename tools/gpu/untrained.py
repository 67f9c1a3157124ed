"""A network of the papers with random weights, in a repository of its own, to be timed.

    python -m tools.gpu.untrained training/configs/do_deeplab_lip.toml --name resnet101 \\
        --repository build/untrained

Its masks mean nothing; what it costs to compute does not depend on what it has learnt.
"""

import argparse
import hashlib
from pathlib import Path

import torch

from export.graph import export_graph
from export.half import to_half
from export.model import draft_contract, write_version
from training.config.run import read_config
from training.datasets.open import LABEL_SET_OF
from training.networks.build import build_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path, help="of `limn train`")
    parser.add_argument("--name", required=True, help="of the model")
    parser.add_argument("--repository", type=Path, required=True)
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    torch.manual_seed(0)
    network = build_network(config.model, len(LABEL_SET_OF[config.data.layout])).eval()
    draft = draft_contract(config, network, arguments.name, 1, [0], "fp16")
    graph = to_half(export_graph(network, draft.tensors))
    digest = hashlib.sha256(graph.SerializeToString()).hexdigest()
    contract = draft.model_copy(update={"sha256": digest})
    folder = arguments.repository / arguments.name / "1"
    write_version(folder, contract, graph.SerializeToString())
    print(folder)


if __name__ == "__main__":
    main()
