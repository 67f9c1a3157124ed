"""`<name>_parse`: canvases to label maps, at the contract's own test-time scales."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

import numpy as np

from limn.contract import PARSER_SUFFIX, ParserTensorSpec
from limn.geometry import Region
from service.engines.scores import Scores
from service.kserve.messages import Parameters
from service.kserve.model import ModelSpec, refuse_parameters
from service.kserve.tensors import Tensor, TensorSpec
from service.parameters import ParseParameters
from service.pipeline import CROPS_AT_A_TIME, ParsingPipeline
from service.repository import ServedModel
from service.stages import stage

NAMES = ParserTensorSpec()


class ParserModel:
    """Canvas UINT8 [B, S_h, S_w, 3] RGB to labels and color, UINT8, and scores, FP16.

    The same names, shapes and meaning as the graph of `limn.contract.ParserContract`.
    """

    def __init__(self, served: ServedModel, pipeline: ParsingPipeline, max_batch: int) -> None:
        contract = served.contract
        height, width = contract.canvas
        grid = height // contract.stride, width // contract.stride
        self._served = served
        self._pipeline = pipeline
        own = ParseParameters(model=served.id.name, version=served.id.version)
        self._tta = pipeline.plan(own).tta
        self.spec = ModelSpec(
            served.id.name + PARSER_SUFFIX,
            served.id.version,
            (TensorSpec(NAMES.canvas, "UINT8", (-1, height, width, 3)),),
            (
                TensorSpec(NAMES.labels, "UINT8", (-1, height, width)),
                TensorSpec(NAMES.color, "UINT8", (-1, height, width, 3)),
                TensorSpec(NAMES.scores, "FP16", (-1, len(served.label_set), *grid)),
            ),
            max_batch,
        )

    async def infer(
        self, inputs: Mapping[str, Tensor], outputs: Collection[str], parameters: Parameters
    ) -> Mapping[str, Tensor]:
        """See `InferenceModel.infer`."""
        refuse_parameters(parameters)
        canvases = inputs[NAMES.canvas]
        parts: list[Mapping[str, Tensor]] = []
        with self._pipeline.budget.work(len(canvases) * self._tta.cost):
            for start in range(0, len(canvases), CROPS_AT_A_TIME):
                some = canvases[start : start + CROPS_AT_A_TIME]
                scores = await self._pipeline.engine.scores(self._served.id, some, self._tta)
                finish = partial(self._finish, scores, outputs)
                parts.append(await self._pipeline.workers.run(finish))
        return {name: np.concatenate([part[name] for part in parts]) for name in outputs}

    def _finish(self, scores: Sequence[Scores], outputs: Collection[str]) -> Mapping[str, Tensor]:
        """What was asked for."""
        found: dict[str, Tensor] = {}
        if NAMES.scores in outputs:
            found[NAMES.scores] = np.stack([one.array() for one in scores]).astype(np.float16)
        canvas, whole = self._served.contract.canvas, Region(0, 0, *scores[0].grid)
        with stage("choose"):
            if NAMES.color in outputs:
                palette = self._served.label_set.palette
                painted = [one.paint(canvas, whole, palette) for one in scores]
                labels, colors = map(np.stack, zip(*painted, strict=True))
                found |= {NAMES.labels: labels, NAMES.color: colors}
            elif NAMES.labels in outputs:
                found[NAMES.labels] = np.stack([one.choose(canvas, whole) for one in scores])
        return found
