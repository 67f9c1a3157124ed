"""Convolutions that the plain ones of torch do not give: SAME padding, and depthwise in fp32."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` whose depthwise case stays in fp32 under bf16 autocast on a CPU.

    oneDNN's bf16 backward pass of strided, dilated and 5x5 depthwise filters takes several
    times as long as its fp32 one, which would cost more than bf16 gains everywhere else.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own parameter name
        depthwise = self.groups == self.in_channels > 1
        if depthwise and torch.is_autocast_enabled("cpu") and input.device.type == "cpu":
            with torch.autocast("cpu", enabled=False):
                return super().forward(input.float())
        return super().forward(input)


class SameConv2d(Conv2d):
    """Convolution with TensorFlow's SAME padding, which is lopsided where the stride is 2."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
    ) -> None:
        total = dilation * (kernel - 1) + 1 - stride
        before, after = total // 2, total - total // 2
        self.pads_input = before != after
        super().__init__(
            inputs,
            outputs,
            kernel,
            stride,
            0 if self.pads_input else before,
            dilation,
            groups,
            bias=False,
        )
        self.sides = (before, after, before, after)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own parameter name
        """[B, C, H, W] to [B, C', H / stride, W / stride]; H and W are multiples of the stride."""
        return super().forward(F.pad(input, self.sides) if self.pads_input else input)
