"""The plain way from a JPEG to a palette PNG, and PyTorch as its network."""

from pathlib import Path

import numpy as np
import pytest

from loadtests.bench.peers.torch_network import torch_network
from loadtests.bench.peers.work import Facts, Fit, choose, decode, fuse, onnx_network, prepare
from loadtests.inputs import portrait
from tests.fixtures.models import write_model

SHIPPED = Path(__file__).resolve().parents[4] / "model_repository/mman/1"


@pytest.mark.parametrize(
    ("photo", "content", "top", "left", "cells"),
    [
        # 1024 rows fill 384, so 512 columns take 192 of 256; cells are two pixels.
        ((1024, 512), (384, 192), 0, 32, (slice(0, 192), slice(16, 112))),
        ((512, 512), (256, 256), 64, 0, (slice(32, 160), slice(0, 128))),
        ((10, 2000), (1, 256), 191, 0, (slice(96, 97), slice(0, 128))),
    ],
)
def test_photo_is_centred_on_the_canvas(
    photo: tuple[int, int],
    content: tuple[int, int],
    top: int,
    left: int,
    cells: tuple[slice, slice],
) -> None:
    fit = Fit.of(photo, (384, 256))

    assert (fit.content, fit.top, fit.left) == (content, top, left)
    assert fit.cells(2) == cells


def test_large_photo_is_decoded_smaller() -> None:
    image, fit = decode(portrait(), (384, 256))

    assert fit.photo == (1024, 512)
    assert image.shape == (512, 256, 3)


def test_probabilities_are_fused_and_not_logits() -> None:
    sure, unsure = np.zeros((2, 1, 2, 1, 1), np.float32)
    sure[0, 0] = 100
    unsure[0, 1] = np.log(3)

    # 1 and 0; 1/4 and 3/4.
    assert fuse([sure, unsure], (1, 1)).ravel() == pytest.approx([0.625, 0.375])


def test_scores_are_upsampled_before_the_choice() -> None:
    scores = np.array([[[1.0, 0.0]], [[0.0, 0.9]]], np.float32)

    # At 4 pixels the second map weighs 0, 0.25, 0.75 and 1.
    assert choose(scores, (1, 4)).tolist() == [[0, 0, 1, 1]]


@pytest.mark.parametrize("name", ["model.onnx", "small"])
def test_eager_network_computes_what_the_graph_says(name: str, tmp_path: Path) -> None:
    model = SHIPPED / name if name != "small" else write_model(tmp_path) / "model.onnx"
    pixels = np.random.default_rng(0).standard_normal((1, 3, 64, 48), dtype=np.float32)

    found, expected = torch_network(model)(pixels), onnx_network(model)(pixels)

    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_eager_network_runs_the_graph_that_is_served_on_a_cpu() -> None:
    """The graph rounds activations, and eager PyTorch does not: the classes agree, not the bits."""
    jpeg, facts = portrait(), Facts.read(SHIPPED / "model.int8.onnx")
    views = prepare(jpeg, facts).views

    for pixels in views:
        found, expected = (
            network(SHIPPED / "model.int8.onnx")(pixels)
            for network in (torch_network, onnx_network)
        )
        assert np.mean(found.argmax(axis=1) == expected.argmax(axis=1)) > 0.9
