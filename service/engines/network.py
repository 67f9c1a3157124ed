"""One model in ONNX Runtime on the CPU: its sessions, and a canvas seen one way."""

from collections.abc import Sequence
from queue import SimpleQueue
from typing import Protocol, Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from limn.errors import ContractError
from limn.geometry import Size
from service.engines.graph import Tensor, check_graph
from service.engines.views import grid_of, pixels_of, scores_of
from service.errors import InferenceFailed
from service.repository import ServedModel
from service.stages import stage


class Session(Protocol):
    """What is used of `onnxruntime.InferenceSession`."""

    def run(
        self, outputs: Sequence[str], inputs: dict[str, NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]: ...
    def get_inputs(self) -> Sequence[Tensor]: ...
    def get_outputs(self) -> Sequence[Tensor]: ...


class Network:
    """A model's sessions; whoever calls `logits` has one of them to itself for that time."""

    def __init__(self, model: ServedModel, sessions: Sequence[Session]) -> None:
        self._model = model
        self._sessions = tuple(sessions)
        self._free: SimpleQueue[Session] = SimpleQueue()
        for session in sessions:
            self._free.put(session)

    @classmethod
    def load(cls, model: ServedModel, sessions: int) -> Self:
        """Open the sessions and run each at every scale of the contract.

        Memory is planned then, and a graph that is not what it says shows.

        Raises:
            ContractError: the graph does not load, does not run or does not fit its contract.
        """
        network = cls(model, [_open(model) for _ in range(sessions)])
        for session in network._sessions:
            for size in model.contract.scales.values():
                network._warm_up(session, size)
        return network

    @property
    def grid(self) -> Size:
        """(h, w) of the scores at scale 1."""
        return grid_of(self._model)

    def view(self, canvas: NDArray[np.uint8], scale: float, flip: bool) -> NDArray[np.float32]:
        """Probabilities float32[1, K, h, w] of a canvas uint8[S_h, S_w, 3], on `grid`.

        Raises:
            InferenceFailed: ONNX Runtime raised.
        """
        pixels = pixels_of(self._model, canvas[np.newaxis], scale, flip)
        return scores_of(self._model, self.logits(pixels), flip)

    def logits(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels float32[1, 3, h, w] to logits float32[1, K, h / stride, w / stride].

        Raises:
            InferenceFailed: ONNX Runtime raised.
        """
        session = self._free.get()
        try:
            return self._run(session, pixels)
        finally:
            self._free.put(session)

    def _run(self, session: Session, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        names = self._model.contract.tensors
        with stage("network"):
            try:
                outputs = session.run([names.logits], {names.pixels: pixels})
            except Exception as exc:
                # ONNX Runtime's exceptions share no base of their own.
                raise InferenceFailed(f"{type(exc).__name__}: {exc}") from exc
        return outputs[0]

    def _warm_up(self, session: Session, size: Size) -> None:
        pixels = np.zeros((1, 3, *size), dtype=np.float32)
        at = f"model {self._model.id}, input {size[0]}x{size[1]}"
        try:
            logits = self._run(session, pixels)
        except InferenceFailed as exc:
            raise ContractError(f"{at}: the graph does not run: {exc}") from exc
        stride = self._model.contract.stride
        stated = (1, len(self._model.label_set), size[0] // stride, size[1] // stride)
        if logits.shape != stated:
            raise ContractError(
                f"{at}: the contract states logits {stated}, the graph answers {logits.shape}"
            )


def _open(model: ServedModel) -> Session:
    """A session that uses one core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A plan per input shape would be kept for ever, and clients choose the shapes.
    options.enable_mem_pattern = False
    provider = ("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})
    try:
        session: Session = onnxruntime.InferenceSession(
            str(model.file), options, providers=[provider]
        )
    except Exception as exc:
        # ONNX Runtime's exceptions share no base of their own.
        raise ContractError(f"{model.file} cannot be loaded: {exc}") from exc
    check_graph(model.contract, session.get_inputs(), session.get_outputs())
    return session
