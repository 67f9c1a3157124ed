"""`<name>_photo`: an encoded photo to a label map of its own size."""

from collections.abc import Collection, Mapping
from functools import partial

from pydantic import ValidationError

from limn.contract import PHOTO_SUFFIX, ParserTensorSpec
from limn.errors import InvalidParameter
from service.kserve.messages import Parameters
from service.kserve.model import ModelSpec, refuse_parameters
from service.kserve.tensors import Tensor, TensorSpec
from service.outputs import Parsed, colors_of
from service.parameters import Output, ParseParameters, ParsePlan
from service.pipeline import ParsingPipeline
from service.repository import ServedModel
from service.stages import stage

PHOTO = "photo"
LABELS, COLOR = ParserTensorSpec().labels, ParserTensorSpec().color
PARAMETERS = ("scales", "flip", "boxes", "label_set")
"""What a request may carry, each as `/v1/parse` takes it in its query."""


class PhotoModel:
    """Photo BYTES [1], an encoded image, to labels UINT8 [H, W] and color UINT8 [H, W, 3].

    The label map is that of `/v1/parse`.
    """

    def __init__(self, served: ServedModel, pipeline: ParsingPipeline) -> None:
        self._served = served
        self._pipeline = pipeline
        self.spec = ModelSpec(
            served.id.name + PHOTO_SUFFIX,
            served.id.version,
            (TensorSpec(PHOTO, "BYTES", (1,)),),
            (TensorSpec(LABELS, "UINT8", (-1, -1)), TensorSpec(COLOR, "UINT8", (-1, -1, 3))),
            max_batch=0,
        )

    async def infer(
        self, inputs: Mapping[str, Tensor], outputs: Collection[str], parameters: Parameters
    ) -> Mapping[str, Tensor]:
        """See `InferenceModel.infer`; raises what `ParsingPipeline.assemble` does, too."""
        refuse_parameters(parameters, PARAMETERS)
        plan = self._plan(parameters, "color" if COLOR in outputs else "mask")
        return await self._pipeline.assemble(inputs[PHOTO][0], plan, partial(_found, outputs))

    def _plan(self, parameters: Parameters, output: Output) -> ParsePlan:
        # A single scale may come as a number.
        texts = {name: str(value) for name, value in parameters.items()}
        own = {"model": self._served.id.name, "version": self._served.id.version, "output": output}
        given = {**texts, **own}
        try:
            checked = ParseParameters.model_validate(given)
        except ValidationError as exc:
            fault = exc.errors()[0]
            raise InvalidParameter(str(fault["loc"][0]), fault["msg"]) from exc
        return self._pipeline.plan(checked)


def _found(outputs: Collection[str], parsed: Parsed) -> Mapping[str, Tensor]:
    found: dict[str, Tensor] = {LABELS: parsed.photo.label_map}
    if COLOR in outputs:
        with stage("encode"):
            found[COLOR] = colors_of(parsed)
    return found
