"""What can go wrong between a checkpoint and a model that may be served."""

from limn.errors import LimnError


class ExportError(LimnError):
    """The exported model cannot be used; nothing of it is left on disk."""


class GraphDisagrees(ExportError):
    """The graph chooses other classes than the network in PyTorch."""
