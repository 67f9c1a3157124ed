"""What follows DeepLab's VGG-16 trunk: `fc6` with a wide field, `fc7`, and `fc8`, which scores."""

from collections.abc import Mapping

from torch import Tensor, nn

from training.networks import vgg
from training.networks.initial import normal_start

CHANNELS = 1024
"""A quarter of VGG's own, as DeepLab has it."""


class FieldHead(nn.Module):
    """From the trunk's features to scores: a dilated 3x3 and two 1x1 convolutions."""

    def __init__(self, classes: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.fc6 = nn.Conv2d(vgg.CHANNELS[-1][-1], CHANNELS, 3, padding=dilation, dilation=dilation)
        self.fc7 = nn.Conv2d(CHANNELS, CHANNELS, 1)
        self.fc8 = nn.Conv2d(CHANNELS, classes, 1)
        self.dropout = nn.Dropout(dropout)
        # Where no ImageNet classifier fills them: He's start on top of VGG's features, which reach
        # hundreds, has logits so large that the paper's rates diverge within three steps.
        for layer in (self.fc6, self.fc7, self.fc8):
            normal_start(layer)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 512, h, w] to the features [B, 1024, h, w] and the scores [B, K, h, w] they give."""
        hidden = self.dropout(self.fc6(features).relu())
        hidden = self.dropout(self.fc7(hidden).relu())
        return hidden, self.fc8(hidden)

    def load_classifier(self, weights: Mapping[str, Tensor]) -> None:
        """Start `fc6` and `fc7` from the classifier of torchvision's vgg16: every third tap of its
        7x7, and every fourth channel."""
        whole = vgg.classifier_as_convolutions(weights)
        self.load_state_dict(
            {
                **self.state_dict(),
                "fc6.weight": whole["fc6.weight"][::4, :, ::3, ::3],
                "fc6.bias": whole["fc6.bias"][::4],
                "fc7.weight": whole["fc7.weight"][::4, ::4],
                "fc7.bias": whole["fc7.bias"][::4],
            }
        )
