"""Batch norms behind a sum of convolutions: gone, and the same numbers come out."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.fold import fold_norms
from export.onnx_program import to_onnx
from export.operators import operators


class Joined(nn.Module):
    """A decoder's step; with `bias`, the second convolution has one of its own."""

    def __init__(self, bias: bool, seen_twice: bool = False) -> None:
        super().__init__()
        self.coarse = nn.Conv2d(3, 4, 1, bias=False)
        self.fine = nn.Conv2d(3, 4, 1, bias=bias)
        self.norm = nn.BatchNorm2d(4)
        self.seen_twice = seen_twice

    def forward(self, *inputs: Tensor) -> Tensor:
        (pixels,) = inputs
        coarse = F.interpolate(self.coarse(pixels[:, :, ::2, ::2]), scale_factor=2, mode="bilinear")
        total = coarse + self.fine(pixels)
        normed: Tensor = self.norm(total).relu()
        return normed + total if self.seen_twice else normed


def exported(module: nn.Module) -> onnx.ModelProto:
    torch.manual_seed(5)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    for name, buffer in module.named_buffers():
        if name.endswith(("mean", "var")):
            nn.init.uniform_(buffer, 0.5, 2)
    return to_onnx(module.eval(), {"pixels": torch.zeros(1, 3, 8, 6)}, ["out"], [{}])


@pytest.mark.parametrize("bias", [False, True])
def test_norm_goes_into_both_convolutions(bias: bool) -> None:
    model = exported(Joined(bias))
    pixels = np.random.default_rng(2).normal(size=(1, 3, 8, 6)).astype(np.float32)

    folded = fold_norms(model)

    assert (operators(model)["BatchNormalization"], operators(folded)["BatchNormalization"]) == (
        1,
        0,
    )
    before, after = (
        onnxruntime.InferenceSession(each.SerializeToString()).run(None, {"pixels": pixels})[0]
        for each in (model, folded)
    )
    assert before.std() > 0.5
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)


def test_sum_that_something_else_sees_keeps_its_norm() -> None:
    model = exported(Joined(bias=False, seen_twice=True))

    assert operators(fold_norms(model))["BatchNormalization"] == 1
