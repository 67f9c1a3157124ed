"""`<name>`: the raw network."""

from collections.abc import Collection, Mapping

from limn.errors import InvalidParameter
from service.kserve.messages import Parameters
from service.kserve.model import ModelSpec, refuse_parameters
from service.kserve.tensors import Tensor, TensorSpec
from service.pipeline import ParsingPipeline
from service.repository import ServedModel


class NetworkModel:
    """Pixels FP32 [B, 3, h, w], normalised, to logits FP32 [B, K, h / stride, w / stride]."""

    def __init__(self, served: ServedModel, pipeline: ParsingPipeline, max_batch: int) -> None:
        contract = served.contract
        self._served = served
        self._pipeline = pipeline
        self.spec = ModelSpec(
            served.id.name,
            served.id.version,
            (TensorSpec(contract.tensors.pixels, "FP32", (-1, 3, -1, -1)),),
            (TensorSpec(contract.tensors.logits, "FP32", (-1, len(served.label_set), -1, -1)),),
            max_batch,
        )

    async def infer(
        self, inputs: Mapping[str, Tensor], outputs: Collection[str], parameters: Parameters
    ) -> Mapping[str, Tensor]:
        """See `InferenceModel.infer`; h and w within what test-time scales may ask for."""
        refuse_parameters(parameters)
        names = self._served.contract.tensors
        pixels = inputs[names.pixels]
        self._check_size((pixels.shape[2], pixels.shape[3]))
        height, width = self._served.contract.canvas
        with self._pipeline.budget.work(pixels.size / (3 * height * width)):
            return {names.logits: await self._pipeline.engine.logits(self._served.id, pixels)}

    def _check_size(self, size: tuple[int, int]) -> None:
        contract, limits = self._served.contract, self._pipeline.parse_limits
        least, most = contract.input_size(limits.min_scale), contract.input_size(limits.max_scale)
        fits = all(
            low <= side <= high and side % contract.size_multiple == 0
            for side, low, high in zip(size, least, most, strict=True)
        )
        if not fits:
            raise InvalidParameter(
                contract.tensors.pixels,
                f"height {least[0]} to {most[0]} and width {least[1]} to {most[1]}, multiples of"
                f" {contract.size_multiple}, are accepted; got {size[0]}x{size[1]}",
            )
