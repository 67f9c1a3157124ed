"""A person finder in ONNX Runtime, on the core of whoever calls it."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from limn.errors import ContractError
from limn.finder_contract import FinderContract, read_finder_contract
from limn.geometry import Letterbox
from limn.ops.array import letterbox, preprocess
from limn.persons import FoundPerson, persons_in
from service.errors import InferenceFailed
from service.stages import stage

Answer = tuple[NDArray[np.float32], NDArray[np.float32]]


class OnnxFinder:
    """See `PersonFinder`. It looks at the whole photo once, on one canvas."""

    def __init__(self, contract: FinderContract, session: Any) -> None:  # noqa: ANN401 - untyped
        """`session` is an `onnxruntime.InferenceSession`."""
        self.contract = contract
        self._session = session

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the contract, open the graph and run it once.

        Raises:
            ContractError: the folder holds no finder, or the graph is not what the contract says.
        """
        contract = read_finder_contract(folder)
        path = folder / contract.file
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        provider = ("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
        except Exception as exc:
            # ONNX Runtime's exceptions share no base of their own.
            raise ContractError(f"{path} cannot be loaded: {exc}") from exc
        finder = cls(contract, session)
        finder._check()
        return finder

    def find(self, photo: NDArray[np.uint8], most: int) -> tuple[FoundPerson, ...]:
        """See `PersonFinder.find`."""
        contract = self.contract
        with stage("find"):
            placed = Letterbox.fit((photo.shape[0], photo.shape[1]), contract.canvas)
            canvas = letterbox(photo, placed, contract.fill)[np.newaxis]
            pixels = preprocess(canvas, contract.canvas, contract.mean, contract.std)
            boxes, scores = self._run(pixels)
            return persons_in(
                boxes[0], scores[0], placed, contract.threshold, contract.overlap, most
            )

    def _run(self, pixels: NDArray[np.float32]) -> Answer:
        names = self.contract.tensors
        try:
            boxes, scores = self._session.run([names.boxes, names.scores], {names.pixels: pixels})
        except Exception as exc:
            # ONNX Runtime's exceptions share no base of their own.
            raise InferenceFailed(f"person finder: {type(exc).__name__}: {exc}") from exc
        return boxes, scores

    def _check(self) -> None:
        """Compare the graph with the contract, by its names and by what it answers to zeros."""
        contract, names = self.contract, self.contract.tensors
        inputs = [tensor.name for tensor in self._session.get_inputs()]
        outputs = {tensor.name for tensor in self._session.get_outputs()}
        if inputs != [names.pixels] or not {names.boxes, names.scores} <= outputs:
            raise self._mismatch(
                f"input {names.pixels!r} alone and outputs {names.boxes!r} and {names.scores!r}",
                f"{', '.join(inputs)} and {', '.join(sorted(outputs))}",
            )
        try:
            boxes, scores = self._run(np.zeros((1, 3, *contract.canvas), np.float32))
        except InferenceFailed as exc:
            raise ContractError(f"person finder {contract.name} does not run: {exc}") from exc
        fits = boxes.shape == (1, scores.shape[-1], 4) and scores.shape == boxes.shape[:2]
        if not fits or boxes.dtype != np.float32 or scores.dtype != np.float32:
            raise self._mismatch(
                "float32 boxes (1, N, 4) and scores (1, N)",
                f"{boxes.dtype} {boxes.shape} and {scores.dtype} {scores.shape}",
            )

    def _mismatch(self, stated: str, found: str) -> ContractError:
        return ContractError(
            f"person finder {self.contract.name}: the contract states {stated}, the graph has"
            f" {found}"
        )
