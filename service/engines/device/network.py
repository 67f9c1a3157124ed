"""One model in ONNX Runtime on a device: inputs, outputs and all that lies between stay there.

A session for every size and batch: since 1.20 a convolution of ONNX Runtime keeps its cuDNN plan
for the last shape alone. It would be made anew whenever the shape changes, which takes longer than
the network, and kernels that were recorded for another shape would use what is no longer there.

Sources: ONNX Runtime, "I/O Binding" and "CUDA Execution Provider" (`user_compute_stream`,
`enable_cuda_graph`, `cudnn_conv_algo_search`), its `onnxruntime_run_options_config_keys.h`
(`disable_synchronize_execution_providers`) and its issue 23006.
"""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from limn.errors import ContractError
from limn.geometry import Size
from limn.ops import tensor as ops
from limn.ops.device import Device
from service.engines.graph import check_graph, check_logits
from service.engines.protocol import TestTimeSettings
from service.engines.views import grid_of
from service.errors import InferenceFailed
from service.repository import ServedModel

if TYPE_CHECKING:
    from torch import Tensor


def batches_up_to(most: int) -> list[int]:
    """Batch sizes that a device is made ready for; others are filled up to the next."""
    return [2**power for power in range((most - 1).bit_length())] + [most]


class _Bound:
    """Input and output of one size and batch, at addresses that stay: a GPU replays its kernels."""

    def __init__(self, network: "DeviceNetwork", session: Any, batch: int, size: Size) -> None:  # noqa: ANN401 - ONNX Runtime is untyped
        contract, device = network.model.contract, network.device
        cells = size[0] // contract.stride, size[1] // contract.stride
        self.pixels = device.empty((batch, 3, *size))
        self.logits = device.empty((batch, len(network.model.label_set), *cells))
        self._session = session
        self._options = onnxruntime.RunOptions()
        if device.kind == "cuda":
            self._options.add_run_config_entry("disable_synchronize_execution_providers", "1")
        self._binding = session.io_binding()
        names = contract.tensors
        ends = (
            (self._binding.bind_input, names.pixels, self.pixels),
            (self._binding.bind_output, names.logits, self.logits),
        )
        for bind, name, tensor in ends:
            bind(name, device.kind, 0, np.float32, tuple(tensor.shape), tensor.data_ptr())

    def run(self) -> "Tensor":
        """`logits` of `pixels`, when the stream comes to it; the next run overwrites them."""
        try:
            self._session.run_with_iobinding(self._binding, self._options)
        except Exception as exc:
            # ONNX Runtime's exceptions share no base of their own.
            raise InferenceFailed(f"{type(exc).__name__}: {exc}") from exc
        return self.logits


class DeviceNetwork:
    """A model's session on a device; for the thread that made it."""

    def __init__(self, model: ServedModel, device: Device, batches: Sequence[int]) -> None:
        """Load and warm up every size of the contract at every one of these batches, ascending.

        Raises:
            ContractError: the graph does not load, does not run or does not fit its contract.
        """
        self.model = model
        self.device = device
        self._other = _open(model, device, records=False)
        contract = model.contract
        self._mean, self._std = device.constant(contract.mean), device.constant(contract.std)
        self._mirror = device.constant(model.label_set.mirror)
        self._batches = batches
        self._bound: dict[tuple[int, Size], _Bound] = {}
        sizes = list(dict.fromkeys(contract.scales.values()))
        for size in sizes:
            self._check(size)
        for batch, size in product(batches, sizes):
            self._bound[batch, size] = self._warm(batch, size)

    def _warm(self, batch: int, size: Size) -> _Bound:
        """Ready for batches of a size."""
        with self.device.working():
            # Of a CPU nothing is recorded, and one session does for all shapes.
            on_gpu = self.device.kind == "cuda"
            session = _open(self.model, self.device, records=True) if on_gpu else self._other
            bound = _Bound(self, session, batch, size)
            bound.pixels.zero_()
            # The first run is recorded, the second replayed.
            for _ in range(2):
                bound.run()
            self.device.mark()()
        return bound

    def scores(self, canvases: Sequence[NDArray[np.uint8]], tta: TestTimeSettings) -> "Tensor":
        """Of canvases uint8[S_h, S_w, 3], at most as many as the largest batch.

        Returns:
            float32[B, K, h, w] on the device, when its stream comes to it.

        Raises:
            InferenceFailed: ONNX Runtime raised.
        """
        contract, grid = self.model.contract, grid_of(self.model)
        with self.device.working():
            batch = next(size for size in self._batches if size >= len(canvases))
            shown = self.device.upload_stacked(canvases, batch)
            views = []
            for view in tta.views:
                seen = shown.flip(2) if view.flip else shown
                size = contract.input_size(view.scale)
                pixels = ops.preprocess(seen, size, self._mean, self._std)
                found = ops.resize(ops.probabilities(self._logits(pixels)), grid)
                views.append(ops.unmirror(found, self._mirror) if view.flip else found)
            return ops.fuse(views, grid)[: len(canvases)]

    def logits(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels float32[B, 3, h, w] to logits float32[B, K, h / stride, w / stride].

        Raises:
            InferenceFailed: ONNX Runtime raised.
        """
        with self.device.working():
            return self.device.fetch(self._logits(self.device.upload(pixels)))()

    def _logits(self, pixels: "Tensor") -> "Tensor":
        batch, _, height, width = pixels.shape
        bound = self._bound.get((batch, (height, width)))
        if bound is None:
            # Clients choose other scales: their memory is not kept.
            bound = _Bound(self, self._other, batch, (height, width))
        bound.pixels.copy_(pixels)
        return bound.run()

    def _check(self, size: Size) -> None:
        """ContractError unless the graph runs and answers what it should."""
        names = self.model.contract.tensors
        pixels = np.zeros((1, 3, *size), np.float32)
        try:
            (logits,) = self._other.run([names.logits], {names.pixels: pixels})
        except Exception as exc:
            # ONNX Runtime's exceptions share no base of their own.
            raise ContractError(
                f"model {self.model.id}, input {size[0]}x{size[1]}: the graph does not run: {exc}"
            ) from exc
        check_logits(self.model.contract, size, logits)


def _open(model: ServedModel, device: Device, records: bool) -> Any:  # noqa: ANN401 - ONNX Runtime is untyped
    """An `onnxruntime.InferenceSession`; one that records is for one shape."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if device.kind == "cuda":
        # Nothing is left for the host's cores, and idle threads of every session would spin.
        options.intra_op_num_threads = 1
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.kind == "cuda":
        cuda = {
            "device_id": "0",
            "user_compute_stream": str(device.stream),
            "enable_cuda_graph": str(int(records)),
            # To try every algorithm, the default, takes seconds for each of dozens of shapes, and
            # gains nothing where no depthwise convolution is dilated and in half precision.
            "cudnn_conv_algo_search": "HEURISTIC",
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
