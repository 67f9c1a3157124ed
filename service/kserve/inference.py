"""From a request to its answer, whichever transport brought it."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from limn.errors import InvalidParameter
from service.deadline import answer_within
from service.kserve import documents
from service.kserve.catalogue import Catalogue
from service.kserve.messages import InferAnswer, InferRequest
from service.kserve.model import InferenceModel, ModelSpec
from service.kserve.statistics import ModelStatistics
from service.kserve.tensors import Tensor
from service.pipeline import ParsingPipeline
from service.stages import seconds_so_far

TIMEOUT = "timeout"
"""Parameter of a request: microseconds, as in Triton."""


class InferenceService:
    """Answers the protocol's questions; knows neither HTTP nor gRPC."""

    def __init__(
        self,
        pipeline: ParsingPipeline,
        max_batch: int,
        timeout_s: float,
        ready: Callable[[], Awaitable[bool]],
    ) -> None:
        self.catalogue = Catalogue(pipeline, max_batch)
        self.workers = pipeline.workers
        self._ready = ready
        self._timeout_s = timeout_s
        self._statistics = {
            (model.spec.name, model.spec.version): ModelStatistics() for model in self.catalogue
        }

    async def ready(self) -> bool:
        """Whether requests would be answered now."""
        return await self._ready()

    async def infer(self, request: InferRequest, remaining_s: float | None = None) -> InferAnswer:
        """Answer within the service's own time, the request's, and what the transport leaves.

        Raises:
            UnknownModel: no such model or version is served.
            InvalidParameter: a tensor, an output or a parameter is not acceptable.
            AnswerTimeout: time ran out; the work has ended.
            LimnError: the photo cannot be used, or the engine failed.
        """
        model = self.catalogue.find(request.model, request.version)
        statistics = self._statistics[model.spec.name, model.spec.version]
        start = time.perf_counter()
        try:
            times = [self._timeout_s, _timeout(request)]
            if remaining_s is not None:
                times.append(remaining_s)
            with answer_within(min(times)):
                batch, outputs = await self._answer(model, request)
        except Exception:
            statistics.failed(time.perf_counter() - start)
            raise
        statistics.succeeded(batch, time.perf_counter() - start, seconds_so_far())
        return InferAnswer(model.spec.name, model.spec.version, request.id, outputs)

    def metadata(self, name: str, version: str = "") -> dict[str, Any]:
        """Metadata of a model; UnknownModel where there is none."""
        spec = self.catalogue.find(name, version).spec
        return documents.model_metadata(spec, self.catalogue.versions(name))

    def config(self, name: str, version: str = "") -> dict[str, Any]:
        """Configuration of a model; UnknownModel where there is none."""
        return documents.model_config(self.catalogue.find(name, version).spec)

    async def index(self, only_ready: bool) -> list[dict[str, Any]]:
        """The repository index: every version of every model, or of those that are ready."""
        ready = await self.ready()
        if only_ready and not ready:
            return []
        return [documents.index_entry(model.spec, ready) for model in self.catalogue]

    def statistics(self, name: str = "", version: str = "") -> dict[str, Any]:
        """Of one version, of all versions of a model, or of all models.

        Raises:
            UnknownModel: no such model or version is served.
        """
        if version:
            specs = [self.catalogue.find(name, version).spec]
        elif name:
            specs = [
                self.catalogue.find(name, str(number)).spec
                for number in self.catalogue.versions(name)
            ]
        else:
            specs = [model.spec for model in self.catalogue]
        entries = [self._statistics[spec.name, spec.version].document(spec) for spec in specs]
        return {"model_stats": entries}

    async def _answer(
        self, model: InferenceModel, request: InferRequest
    ) -> tuple[int, Mapping[str, Tensor]]:
        """How many pictures there were, and the outputs asked for, in that order."""
        outputs = _outputs(request, model.spec)
        parameters = {name: value for name, value in request.parameters.items() if name != TIMEOUT}
        inputs = _inputs(request, model.spec)
        found = await model.infer(inputs, outputs, parameters)
        batch = len(next(iter(inputs.values()))) if model.spec.max_batch else 1
        return batch, {name: found[name] for name in outputs}


def _timeout(request: InferRequest) -> float:
    given = request.parameters.get(TIMEOUT)
    if given is None:
        return float("inf")
    try:
        seconds = int(given) / 1e6
    except (ValueError, OverflowError):
        # JSON and Python have integers that no float can hold.
        seconds = 0.0
    if seconds <= 0:
        raise InvalidParameter(TIMEOUT, "is a whole number of microseconds, at least 1")
    return seconds


def _outputs(request: InferRequest, spec: ModelSpec) -> tuple[str, ...]:
    known = tuple(tensor.name for tensor in spec.outputs)
    for name in request.outputs:
        if name not in known:
            raise InvalidParameter(
                "outputs", f"{spec.name} has no {name[:40]!r}; there are: {', '.join(known)}"
            )
    if len(set(request.outputs)) < len(request.outputs):
        raise InvalidParameter("outputs", "an output is named twice")
    return request.outputs or known


def _inputs(request: InferRequest, spec: ModelSpec) -> dict[str, Tensor]:
    sent = {tensor.name: tensor for tensor in request.inputs}
    known = [tensor.name for tensor in spec.inputs]
    if len(sent) < len(request.inputs) or set(sent) != set(known):
        names = ", ".join(repr(tensor.name[:40]) for tensor in request.inputs[:8])
        raise InvalidParameter(
            "inputs", f"{spec.name} takes {', '.join(known)}; got {names or 'none'}"
        )
    for expected in spec.inputs:
        tensor = sent[expected.name]
        tensor.check(expected)
        if spec.max_batch and len(tensor.array) > spec.max_batch:
            raise InvalidParameter(
                tensor.name,
                f"a batch of {len(tensor.array)}; at most {spec.max_batch} are accepted",
            )
    return {name: tensor.array for name, tensor in sent.items()}
