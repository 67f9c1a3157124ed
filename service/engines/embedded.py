"""The embedded engine: networks run in this process by ONNX Runtime, on the CPU."""

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, Self

import numpy as np
import onnxruntime
from anyio import create_task_group
from numpy.typing import NDArray

from limn.errors import ContractError
from limn.ops.array import fuse, preprocess, probabilities, unmirror
from service.engines.graph import check_graph
from service.engines.protocol import TestTimeSettings
from service.errors import EngineError, EngineUnavailable, InferenceFailed
from service.repository import ModelId, ServedModel
from service.stages import stage
from service.workers import Workers


class EmbeddedEngine:
    """One session per model and worker, each with a single thread.

    A network gains nothing from a second thread, and nothing from a batch on a CPU: throughput
    comes from sessions side by side. So a request is cut into one job per canvas, scale and flip.
    """

    def __init__(self, models: dict[ModelId, "_Network"], workers: Workers) -> None:
        self._networks = models
        self._workers = workers
        self._is_open = True

    @classmethod
    async def start(cls, models: Sequence[ServedModel], workers: Workers) -> Self:
        """Load and warm up every model; ContractError where one is not what it says."""
        networks = {}
        for model in models:
            sessions = [
                await workers.run(lambda model=model: _open(model))  # type: ignore[misc]
                for _ in range(workers.count)
            ]
            networks[model.id] = _Network(model, sessions)
        engine = cls(networks, workers)
        for model in models:
            await engine._warm_up(model)
        return engine

    async def _warm_up(self, model: ServedModel) -> None:
        """Run every session at every scale: memory is planned now, and a wrong graph shows."""
        network = self._networks[model.id]
        canvases = np.zeros((1, *model.contract.canvas, 3), dtype=np.uint8)
        for session in network.sessions:
            for size in model.contract.scales.values():
                try:
                    logits = await self._workers.run(
                        lambda session=session, size=size: network.run(session, canvases, size)  # type: ignore[misc]
                    )
                except InferenceFailed as exc:
                    raise ContractError(
                        f"model {model.id.name} version {model.id.version} does not run on"
                        f" {size[0]}x{size[1]} pixels: {exc}"
                    ) from exc
                network.check_logits(logits, size)

    async def scores(
        self, model: ModelId, canvases: NDArray[np.uint8], tta: TestTimeSettings
    ) -> NDArray[np.float32]:
        """See `Engine.scores`."""
        if not self._is_open:
            raise EngineUnavailable("the engine is closed")
        network = self._networks.get(model)
        if network is None:
            raise EngineUnavailable(f"model {model.name} version {model.version} is not loaded")
        views = [(scale, flip) for scale in tta.scales for flip in (False, True)[: 1 + tta.flip]]
        parts = await self._all(
            [
                lambda canvas=canvas, view=view: network.view(canvas, *view)  # type: ignore[misc]
                for canvas in canvases
                for view in views
            ]
        )

        def fused() -> NDArray[np.float32]:
            with stage("fuse"):
                return np.concatenate(
                    [
                        fuse(parts[start : start + len(views)], network.grid)
                        for start in range(0, len(parts), len(views))
                    ]
                )

        return await self._workers.run(fused)

    async def _all(
        self, jobs: Sequence[Callable[[], NDArray[np.float32]]]
    ) -> list[NDArray[np.float32]]:
        """Results of all jobs, in order; the first failure ends the rest."""
        results: list[NDArray[np.float32] | None] = [None] * len(jobs)

        async def run(index: int) -> None:
            results[index] = await self._workers.run(jobs[index])

        try:
            async with create_task_group() as group:
                for index in range(len(jobs)):
                    group.start_soon(run, index)
        except* EngineError as failures:
            raise failures.exceptions[0] from failures
        return [result for result in results if result is not None]

    async def ready(self) -> bool:
        return self._is_open

    async def close(self) -> None:
        self._is_open = False
        self._networks = {}


class _Network:
    """A model's sessions; a worker takes a free one for the time of a job."""

    def __init__(self, model: ServedModel, sessions: Sequence[Any]) -> None:
        self.sessions = tuple(sessions)
        self._model = model
        self._free: SimpleQueue[Any] = SimpleQueue()
        for session in sessions:
            self._free.put(session)

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w) of the scores at scale 1."""
        return self._grid(self._model.contract.canvas)

    def _grid(self, size: tuple[int, int]) -> tuple[int, int]:
        stride = self._model.contract.stride
        return size[0] // stride, size[1] // stride

    def view(self, canvas: NDArray[np.uint8], scale: float, flip: bool) -> NDArray[np.float32]:
        """Probabilities float32[1, K, h, w] of one canvas uint8[S_h, S_w, 3] seen one way."""
        size = self._model.contract.input_size(scale)
        session = self._free.get()
        try:
            logits = self.run(session, (canvas[:, ::-1] if flip else canvas)[np.newaxis], size)
        finally:
            self._free.put(session)
        with stage("fuse"):
            scores = probabilities(logits)
            return unmirror(scores, self._model.label_set.mirror) if flip else scores

    def run(
        self, session: Any, canvases: NDArray[np.uint8], size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """Logits float32[B, K, h, w] of canvases at one input size."""
        contract = self._model.contract
        with stage("canvas"):
            pixels = preprocess(canvases, size, contract.mean, contract.std)
        with stage("network"):
            try:
                (logits,) = session.run(
                    [contract.tensors.logits], {contract.tensors.pixels: pixels}
                )
            except Exception as exc:
                # ONNX Runtime's exceptions share no base of their own.
                raise InferenceFailed(f"{type(exc).__name__}: {exc}") from exc
        return np.asarray(logits, dtype=np.float32)

    def check_logits(self, logits: NDArray[np.float32], size: tuple[int, int]) -> None:
        """ContractError where the graph's answer is not of the promised shape."""
        expected = (1, len(self._model.label_set), *self._grid(size))
        if logits.shape != expected:
            raise ContractError(
                f"model {self._model.id.name} version {self._model.id.version}: the contract"
                f" states logits {expected} for {size[0]}x{size[1]} pixels, the graph answers"
                f" {logits.shape}"
            )


def _open(model: ServedModel) -> Any:
    """An ONNX Runtime session that uses one core; ContractError where the file is no such graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A plan per input shape would be kept for ever, and clients choose the shapes.
    options.enable_mem_pattern = False
    try:
        session = onnxruntime.InferenceSession(
            str(model.file),
            options,
            providers=[("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})],
        )
    except Exception as exc:
        # ONNX Runtime's exceptions share no base of their own.
        raise ContractError(f"{model.file} cannot be loaded: {exc}") from exc
    check_graph(model.contract, session.get_inputs(), session.get_outputs())
    return session
