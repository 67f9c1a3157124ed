"""One model in ONNX Runtime on a device: inputs, outputs and all that lies between stay there.

Sources: ONNX Runtime, "I/O Binding" and "CUDA Execution Provider" (`user_compute_stream`,
`enable_cuda_graph`, `gpu_graph_id`).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from limn.errors import ContractError
from limn.geometry import Size
from limn.ops import tensor as ops
from limn.ops.device import Device, download
from service.engines.device.scores import DeviceScores
from service.engines.graph import check_graph, check_logits
from service.engines.protocol import TestTimeSettings
from service.engines.views import grid_of
from service.errors import InferenceFailed
from service.repository import ServedModel
from service.stages import stage

if TYPE_CHECKING:
    from torch import Tensor

BATCHES = (1, 2, 4, 8, 16, 32, 64)
"""Batch sizes that the device works at; others are filled up to the next."""

_NO_GRAPH = "-1"
"""ONNX Runtime's `gpu_graph_id` of a run that is neither recorded nor replayed."""


class _Bound:
    """Input and output of one size and batch, at addresses that stay: a GPU replays its kernels."""

    def __init__(
        self, network: "DeviceNetwork", batch: int, size: Size, graph_id: str = _NO_GRAPH
    ) -> None:
        contract, device = network.model.contract, network.device
        cells = size[0] // contract.stride, size[1] // contract.stride
        self.pixels = device.empty((batch, 3, *size))
        self.logits = device.empty((batch, len(network.model.label_set), *cells))
        self._session = network.session
        self._options = onnxruntime.RunOptions()
        if device.kind == "cuda":
            self._options.add_run_config_entry("gpu_graph_id", graph_id)
        self._binding = self._session.io_binding()
        names = contract.tensors
        ends = (
            (self._binding.bind_input, names.pixels, self.pixels),
            (self._binding.bind_output, names.logits, self.logits),
        )
        for bind, name, tensor in ends:
            bind(name, device.kind, 0, np.float32, tuple(tensor.shape), tensor.data_ptr())

    def run(self) -> "Tensor":
        """`logits` of `pixels`; the next run overwrites them."""
        try:
            self._session.run_with_iobinding(self._binding, self._options)
        except Exception as exc:
            # ONNX Runtime's exceptions share no base of their own.
            raise InferenceFailed(f"{type(exc).__name__}: {exc}") from exc
        return self.logits


class DeviceNetwork:
    """A model's session on a device; for one thread at a time."""

    def __init__(self, model: ServedModel, device: Device, most: int) -> None:
        """Load and warm up every size of the contract at every batch up to `most`.

        Raises:
            ContractError: the graph does not load, does not run or does not fit its contract.
        """
        self.model = model
        self.device = device
        self.session = _open(model, device)
        self._batches = [batch for batch in BATCHES if batch < most] + [most]
        self._bound: Mapping[tuple[int, Size], _Bound] = {}
        sizes = list(dict.fromkeys(model.contract.scales.values()))
        shapes = [(batch, size) for size in sizes for batch in self._batches]
        for size in sizes:
            self._check(size)
        with device.working():
            self._bound = {
                (batch, size): _Bound(self, batch, size, str(number))
                for number, (batch, size) in enumerate(shapes, start=1)
            }
            for bound in self._bound.values():
                bound.pixels.zero_()
                # The second run is recorded.
                for _ in range(2):
                    bound.run()

    def scores(
        self, canvases: Sequence[NDArray[np.uint8]], tta: TestTimeSettings
    ) -> Sequence[DeviceScores]:
        """Of canvases uint8[S_h, S_w, 3], at most as many as the largest batch.

        Raises:
            InferenceFailed: ONNX Runtime raised.
        """
        contract, grid = self.model.contract, grid_of(self.model)
        with stage("network"), self.device.working():
            batch = next(size for size in self._batches if size >= len(canvases))
            filled = [*canvases, *[canvases[-1]] * (batch - len(canvases))]
            shown = self.device.upload(np.stack(filled))
            views = []
            for view in tta.views:
                seen = shown.flip(2) if view.flip else shown
                size = contract.input_size(view.scale)
                pixels = ops.preprocess(seen, size, contract.mean, contract.std)
                found = ops.resize(ops.probabilities(self._logits(pixels)), grid)
                mirror = self.model.label_set.mirror.tolist()
                views.append(ops.unmirror(found, mirror) if view.flip else found)
            fused = ops.fuse(views, grid)
        return [DeviceScores(fused[index : index + 1]) for index in range(len(canvases))]

    def logits(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels float32[B, 3, h, w] to logits float32[B, K, h / stride, w / stride].

        Raises:
            InferenceFailed: ONNX Runtime raised.
        """
        with stage("network"), self.device.working():
            return download(self._logits(self.device.upload(pixels)))

    def _logits(self, pixels: "Tensor") -> "Tensor":
        batch, _, height, width = pixels.shape
        bound = self._bound.get((batch, (height, width)))
        if bound is None:
            # Clients choose other scales: their memory is not kept.
            bound = _Bound(self, batch, (height, width))
        bound.pixels.copy_(pixels)
        return bound.run()

    def _check(self, size: Size) -> None:
        """ContractError unless the graph runs and answers what it should."""
        names = self.model.contract.tensors
        pixels = np.zeros((1, 3, *size), np.float32)
        options = onnxruntime.RunOptions()
        if self.device.kind == "cuda":
            options.add_run_config_entry("gpu_graph_id", _NO_GRAPH)
        try:
            (logits,) = self.session.run([names.logits], {names.pixels: pixels}, options)
        except Exception as exc:
            # ONNX Runtime's exceptions share no base of their own.
            raise ContractError(
                f"model {self.model.id}, input {size[0]}x{size[1]}: the graph does not run: {exc}"
            ) from exc
        check_logits(self.model.contract, size, logits)


def _open(model: ServedModel, device: Device) -> Any:  # noqa: ANN401 - ONNX Runtime is untyped
    """An `onnxruntime.InferenceSession`."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.kind == "cuda":
        cuda = {
            "device_id": "0",
            "user_compute_stream": str(device.stream),
            "enable_cuda_graph": "1",
        }
        providers.insert(0, ("CUDAExecutionProvider", cuda))
    try:
        session = onnxruntime.InferenceSession(str(model.gpu_graph), options, providers=providers)
    except Exception as exc:
        # ONNX Runtime's exceptions share no base of their own.
        raise ContractError(f"{model.gpu_graph} cannot be loaded: {exc}") from exc
    if device.kind == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
        raise ContractError(
            "ONNX Runtime has no CUDA provider here: install limn[gpu] without limn[cpu]"
        )
    check_graph(model.contract, session.get_inputs(), session.get_outputs())
    return session
