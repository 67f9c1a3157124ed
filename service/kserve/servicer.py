"""The methods of `inference.GRPCInferenceService`."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar

import grpc
from anyio import create_task_group, fail_after
from google.protobuf.json_format import ParseDict
from grpc.aio import ServicerContext
from tritonclient.grpc import service_pb2 as pb

from service.access import Access
from service.admission import Admission
from service.errors import BodyTimeout, MalformedBody, UnknownModel
from service.kserve import documents
from service.kserve.access import key_of
from service.kserve.ending import until
from service.kserve.grpc_messages import read_request, write_answer
from service.kserve.inference import InferenceService
from service.kserve.status import status_of
from service.metrics import Metrics
from service.rates import Rates
from service.serving import Serving
from service.stages import stage_clock
from service.traces import Traces

T = TypeVar("T")

_FAULTS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE)
"""Statuses that are not the client's."""

IDLE_STREAM_S = 600.0
"""A stream holds one of the calls that there are, and its client may have forgotten it."""


class InferenceServicer:
    """Translates between messages and `InferenceService`."""

    def __init__(
        self,
        serving: Serving,
        admission: Admission,
        access: Access,
        rates: Rates | None,
        metrics: Metrics,
        traces: Traces,
        timeout_s: float,
    ) -> None:
        self._serving = serving
        self._admission = admission
        self._access = access
        self._rates = rates
        self._metrics = metrics
        self._traces = traces
        self._timeout_s = timeout_s

    @property
    def _inference(self) -> InferenceService:
        return self._serving.current.inference

    async def ServerLive(
        self, request: pb.ServerLiveRequest, context: ServicerContext
    ) -> pb.ServerLiveResponse:
        async def live() -> pb.ServerLiveResponse:
            return pb.ServerLiveResponse(live=True)

        return await self._answer("ServerLive", context, live)

    async def ServerReady(
        self, request: pb.ServerReadyRequest, context: ServicerContext
    ) -> pb.ServerReadyResponse:
        async def ready() -> pb.ServerReadyResponse:
            return pb.ServerReadyResponse(ready=await self._inference.ready())

        return await self._answer("ServerReady", context, ready)

    async def ModelReady(
        self, request: pb.ModelReadyRequest, context: ServicerContext
    ) -> pb.ModelReadyResponse:
        """As in Triton, a model that is not there is not ready, which is no error."""

        async def ready() -> pb.ModelReadyResponse:
            try:
                self._inference.catalogue.find(request.name, request.version)
            except UnknownModel:
                return pb.ModelReadyResponse(ready=False)
            return pb.ModelReadyResponse(ready=await self._inference.ready())

        return await self._answer("ModelReady", context, ready)

    async def ServerMetadata(
        self, request: pb.ServerMetadataRequest, context: ServicerContext
    ) -> pb.ServerMetadataResponse:
        async def metadata() -> pb.ServerMetadataResponse:
            return ParseDict(documents.server_metadata(), pb.ServerMetadataResponse())

        return await self._answer("ServerMetadata", context, metadata)

    async def ModelMetadata(
        self, request: pb.ModelMetadataRequest, context: ServicerContext
    ) -> pb.ModelMetadataResponse:
        async def metadata() -> pb.ModelMetadataResponse:
            document = self._inference.metadata(request.name, request.version)
            return ParseDict(document, pb.ModelMetadataResponse())

        return await self._answer("ModelMetadata", context, metadata)

    async def ModelConfig(
        self, request: pb.ModelConfigRequest, context: ServicerContext
    ) -> pb.ModelConfigResponse:
        async def config() -> pb.ModelConfigResponse:
            document = self._inference.config(request.name, request.version)
            return ParseDict({"config": document}, pb.ModelConfigResponse())

        return await self._answer("ModelConfig", context, config)

    async def ModelStatistics(
        self, request: pb.ModelStatisticsRequest, context: ServicerContext
    ) -> pb.ModelStatisticsResponse:
        async def statistics() -> pb.ModelStatisticsResponse:
            document = self._inference.statistics(request.name, request.version)
            return ParseDict(document, pb.ModelStatisticsResponse())

        return await self._answer("ModelStatistics", context, statistics)

    async def RepositoryIndex(
        self, request: pb.RepositoryIndexRequest, context: ServicerContext
    ) -> pb.RepositoryIndexResponse:
        async def index() -> pb.RepositoryIndexResponse:
            models = await self._inference.index(request.ready)
            return ParseDict({"models": models}, pb.RepositoryIndexResponse())

        return await self._answer("RepositoryIndex", context, index)

    async def ModelInfer(
        self, messages: AsyncIterator[bytes], context: ServicerContext
    ) -> pb.ModelInferResponse:
        async def infer() -> pb.ModelInferResponse:
            return await self._infer(await self._only(messages), context)

        return await self._answer("ModelInfer", context, infer)

    async def ModelStreamInfer(
        self, messages: AsyncIterator[bytes], context: ServicerContext
    ) -> AsyncIterator[pb.ModelStreamInferResponse]:
        """One answer per request, in order; an error is an answer and leaves the stream open.

        Between two requests a stream ends when the service stops, or nothing comes for long.
        """
        async for message in until(self._serving.stopping, messages, IDLE_STREAM_S):
            try:
                answer = await self._counted(
                    "ModelStreamInfer", context, partial(self._infer, message, context)
                )
                yield pb.ModelStreamInferResponse(infer_response=answer)
            except _Failed as failure:
                yield pb.ModelStreamInferResponse(error_message=failure.text)

    async def _only(self, messages: AsyncIterator[bytes]) -> bytes:
        """The message of a call that has one."""
        try:
            with fail_after(self._timeout_s):
                return await anext(messages)
        except TimeoutError as exc:
            raise BodyTimeout(f"the message did not arrive within {self._timeout_s:g} s") from exc
        except StopAsyncIteration as exc:
            raise MalformedBody("the call ended without a message") from exc

    async def _infer(self, message: bytes, context: ServicerContext) -> pb.ModelInferResponse:
        if self._rates is not None:
            self._rates.take(self._caller(context))
        with self._admission.admitted() as place, self._serving.current.used() as generation:
            place.hold(len(message))
            workers = generation.inference.workers
            request = await workers.run(partial(read_request, message))
            answer = await generation.inference.infer(request, context.time_remaining())
            return await workers.run(partial(write_answer, answer))

    def _caller(self, context: ServicerContext) -> str:
        """The key that was shown, else the address without its port: `ipv4:127.0.0.1`."""
        key = key_of(self._access, context.invocation_metadata())
        peer: str = context.peer()
        return peer.rpartition(":")[0] if key is None else key.caller

    async def _answer(
        self, method: str, context: ServicerContext, job: Callable[[], Awaitable[T]]
    ) -> T:
        try:
            return await self._counted(method, context, job)
        except _Failed as failure:
            await context.abort(failure.code, failure.text)
            raise AssertionError("`abort` always raises") from failure

    async def _counted(
        self, method: str, context: ServicerContext, job: Callable[[], Awaitable[T]]
    ) -> T:
        start = time.perf_counter()
        code = grpc.StatusCode.CANCELLED
        carrier = {k: v for k, v in context.invocation_metadata() or () if isinstance(v, str)}
        with stage_clock() as clock, self._traces.request(method, carrier) as traced:
            try:
                result = await _in_own_task(job)
                code = grpc.StatusCode.OK
            except Exception as error:
                code, text = status_of(error)
                raise _Failed(code, text) from error
            finally:
                self._metrics.called(method, code.name, time.perf_counter() - start)
                self._metrics.staged(clock.seconds)
                traced.set(
                    rpc__system="grpc",
                    rpc__service="inference.GRPCInferenceService",
                    rpc__method=method,
                    rpc__grpc__status_code=code.value[0],
                )
                if code in _FAULTS:
                    traced.failed()
        return result


class _Failed(Exception):
    """An error in the words of gRPC."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


async def _in_own_task(job: Callable[[], Awaitable[T]]) -> T:
    """Result of a job.

    gRPC cancels a call's task by asyncio's own means, at once. In a task group that becomes the
    cancellation that waits for worker threads, so that no more of them run than there are cores.
    """
    results: list[T] = []
    failures: list[Exception] = []

    async def run() -> None:
        try:
            results.append(await job())
        except Exception as error:
            failures.append(error)

    async with create_task_group() as group:
        group.start_soon(run)
    if failures:
        raise failures[0]
    return results[0]
