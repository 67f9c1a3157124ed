"""Which methods `inference.GRPCInferenceService` has, and how their messages are read."""

from typing import Any

import grpc
from grpc.aio import ServicerContext
from tritonclient.grpc import service_pb2 as pb

from service.kserve.servicer import InferenceServicer

_SERVICE = "inference.GRPCInferenceService"

_QUESTIONS = (
    "ServerLive",
    "ServerReady",
    "ModelReady",
    "ServerMetadata",
    "ModelMetadata",
    "ModelConfig",
    "ModelStatistics",
    "RepositoryIndex",
)
_NOT_OFFERED = (
    "RepositoryModelLoad",
    "RepositoryModelUnload",
    "SystemSharedMemoryStatus",
    "SystemSharedMemoryRegister",
    "SystemSharedMemoryUnregister",
    "CudaSharedMemoryStatus",
    "CudaSharedMemoryRegister",
    "CudaSharedMemoryUnregister",
    "TraceSetting",
    "LogSettings",
)


def method_handlers(servicer: InferenceServicer) -> grpc.GenericRpcHandler:
    """All methods; messages that strangers could make costly to parse come as their bytes."""
    handlers: dict[str, Any] = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, name),
            getattr(pb, f"{name}Request").FromString,
            getattr(pb, f"{name}Response").SerializeToString,
        )
        for name in _QUESTIONS
    }
    for name in _NOT_OFFERED:
        handlers[name] = grpc.unary_unary_rpc_method_handler(_refuse)
    # One message, which the servicer reads itself: gRPC would wait for it without end.
    handlers["ModelInfer"] = grpc.stream_unary_rpc_method_handler(
        servicer.ModelInfer, response_serializer=pb.ModelInferResponse.SerializeToString
    )
    handlers["ModelStreamInfer"] = grpc.stream_stream_rpc_method_handler(
        servicer.ModelStreamInfer,
        response_serializer=pb.ModelStreamInferResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(_SERVICE, handlers)


async def _refuse(_message: bytes, context: ServicerContext) -> None:
    await context.abort(
        grpc.StatusCode.UNIMPLEMENTED,
        "not offered: no control of the repository, of shared memory, of traces or logs",
    )
