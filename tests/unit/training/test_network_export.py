"""Every network becomes a graph of dynamic size; the plain light one in the integration tests."""

from collections.abc import Callable
from functools import partial

import numpy as np
import onnxruntime
import pytest
import torch

from export.graph import export_graph
from export.operators import check_for_tensorrt
from limn.contract import TensorSpec
from tests.fixtures.gated import gated_generator
from tests.fixtures.narrow import make_narrow
from training.networks.attention_mman import AttentionMman
from training.networks.attention_to_scale import AttentionToScale
from training.networks.deeplab_v2 import DeepLabV2
from training.networks.do_deeplab_aspp import DoDeepLabAspp
from training.networks.fcn8s import Fcn8s
from training.networks.parsing_network import ParsingNetwork
from training.networks.segnet import SegNet

NETWORKS: dict[str, Callable[[int], ParsingNetwork]] = {
    "do_deeplab_aspp-paper": partial(DoDeepLabAspp, topology="paper"),
    "do_deeplab_aspp-release": partial(DoDeepLabAspp, topology="release"),
    "attention_mman": AttentionMman,
    "attention_to_scale": AttentionToScale,
    "deeplab_v2": DeepLabV2,
    "segnet": SegNet,
    "fcn8s": Fcn8s,
    "light-behind_gate": gated_generator,
}


QUICK = ("attention_to_scale", "light-behind_gate")
"""Tracing takes its time, so that these stand for all in the quick tests."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in NETWORKS],
)
def test_graph_answers_like_the_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_narrow(monkeypatch)
    torch.manual_seed(0)
    network = NETWORKS[name](5).eval()
    tensors = TensorSpec()

    graph = export_graph(network, tensors)

    check_for_tensorrt(graph)
    content = graph.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    multiple = network.size_multiple
    for shape in ((1, 3, 3 * multiple, 2 * multiple), (3, 3, 2 * multiple, 4 * multiple)):
        pixels = torch.randn(shape)
        with torch.inference_mode():
            expected = network(pixels).high.numpy()
        (logits,) = session.run([tensors.logits], {tensors.pixels: pixels.numpy()})
        assert logits.shape == expected.shape
        np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-3 * np.abs(expected).max())
