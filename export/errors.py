"""What can go wrong between a checkpoint and a model that may be served."""

from limn.errors import LimnError


class ExportError(LimnError):
    """The exported model cannot be used; nothing of it is left on disk."""


class GraphDisagrees(ExportError):
    """The graph chooses other classes than the network in PyTorch."""


class UnsupportedByTensorRt(ExportError):
    """The graph has operators or types that TensorRT does not take."""


class UnsupportedByKernels(ExportError):
    """Limn's kernels for CPUs have no operator for a node of the graph."""


class TensorRtUnavailable(ExportError):
    """No engine can be built on this machine."""


class TensorRtFailed(ExportError):
    """TensorRT refused a graph, or built nothing from it."""


class AccuracyLost(ExportError):
    """Quantised, the network is worse on annotated photos than may be."""


class RepositoryError(ExportError):
    """The model repository cannot be written or changed as asked; it is left as it was."""


class TritonNotStarted(ExportError):
    """The local Triton server could not be started."""
