"""Errors as gRPC statuses, derived from the one table in `service.problems`."""

import logging

import grpc

from limn.errors import LimnError
from service import problems

logger = logging.getLogger("limn.grpc")

_MAX_TEXT = 500
"""The text travels in a header, and clients take 8 KB of headers."""

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    # RESOURCE_EXHAUSTED would say that the same photo is welcome later.
    413: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


def status_of(error: Exception) -> tuple[grpc.StatusCode, str]:
    """Code and text of an error; one that is not ours is logged and keeps its text to itself."""
    if not isinstance(error, LimnError):
        logger.error("a gRPC request failed", exc_info=error)
        return grpc.StatusCode.INTERNAL, problems.INTERNAL.title
    document = problems.document_of(error)
    status = problems.protocol_status(document["status"])
    text = problems.protocol_text(document)[:_MAX_TEXT]
    return _CODES.get(status, grpc.StatusCode.INTERNAL), text
