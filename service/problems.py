"""What errors look like from outside: one table from errors to HTTP, one way to answer them.

RFC 9457 problem documents, and below `/v2` the Open Inference Protocol's `{"error": ...}`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse
from starlette.types import Scope

from limn import errors as domain
from limn.errors import InvalidParameter, LimnError
from service import errors

logger = logging.getLogger("limn.problems")

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:limn:problem:"
RETRY_AFTER_S = 1
PROTOCOL_PREFIX = "/v2"
"""Paths of the Open Inference Protocol, which is also called KServe v2."""


@dataclass(frozen=True)
class Problem:
    """How one kind of error looks from outside; `slug` ends the stable `type`."""

    status: int
    slug: str
    title: str


PROBLEMS: dict[type[LimnError], Problem] = {
    domain.EmptyImage: Problem(400, "empty-image", "The request holds no image"),
    domain.UnsupportedImage: Problem(415, "unsupported-image", "The image format is not accepted"),
    domain.CorruptImage: Problem(422, "corrupt-image", "The image is broken or cut off"),
    domain.ImageTooLarge: Problem(413, "image-too-large", "The image has too many pixels"),
    domain.UnsuitableImage: Problem(
        422, "unsuitable-image", "The image is too long, or an animation too long"
    ),
    domain.InvalidParameter: Problem(422, "invalid-parameter", "A parameter is not acceptable"),
    domain.ContractError: Problem(500, "internal", "The service failed"),
    domain.PromotionError: Problem(500, "internal", "The service failed"),
    domain.DeviceUnavailable: Problem(500, "internal", "The service failed"),
    errors.BodyTooLarge: Problem(413, "body-too-large", "The request body is too large"),
    errors.BodyTimeout: Problem(408, "body-timeout", "The request body did not arrive in time"),
    errors.MalformedBody: Problem(400, "malformed-body", "The request body cannot be read"),
    errors.UnknownModel: Problem(404, "unknown-model", "No such model is served"),
    errors.UnknownLabelSet: Problem(404, "unknown-label-set", "There is no such label set"),
    errors.NotOffered: Problem(404, "not-offered", "This service does not offer that"),
    errors.PortTaken: Problem(500, "internal", "The service failed"),
    errors.Overloaded: Problem(429, "overloaded", "The service is at its limit"),
    errors.RateLimited: Problem(429, "rate-limited", "The caller asks too often"),
    errors.TooCostly: Problem(422, "too-costly", "The request asks for too much work"),
    errors.AnswerTimeout: Problem(504, "timeout", "The answer was not ready in time"),
    errors.EngineUnavailable: Problem(503, "engine-unavailable", "The engine is not available"),
    errors.ReloadRefused: Problem(
        409, "reload-refused", "The models on disk cannot be served; those before go on"
    ),
    errors.WorkersStuck: Problem(503, "workers-stuck", "The service must be restarted"),
    errors.KeyRequired: Problem(401, "key-required", "A valid key is needed"),
    errors.ScopeRequired: Problem(403, "scope-required", "The key is not for this"),
    errors.KeysUnusable: Problem(500, "internal", "The service failed"),
    errors.TlsUnusable: Problem(500, "internal", "The service failed"),
    errors.SubmissionRejected: Problem(
        422, "submission-rejected", "A file of the submission cannot be scored"
    ),
    errors.UnknownToken: Problem(401, "unknown-token", "A team's token is needed"),
    errors.TeamExists: Problem(409, "team-exists", "The team's name is taken"),
    errors.QuotaExceeded: Problem(429, "quota-exceeded", "No more submissions today"),
    errors.InferenceFailed: Problem(500, "inference-failed", "The network failed"),
    errors.UnreadableSource: Problem(500, "internal", "The service failed"),
    errors.OutputRefused: Problem(500, "internal", "The service failed"),
    errors.BatchStopped: Problem(500, "internal", "The service failed"),
}

INTERNAL = Problem(500, "internal", "The service failed")

NO_HTTP = Problem(
    400, "no-http", "What came is no HTTP, or the address is longer than 65,535 bytes"
)

_BY_STATUS = {
    404: Problem(404, "not-found", "There is nothing at this address"),
    405: Problem(405, "method-not-allowed", "The method is not allowed here"),
    413: PROBLEMS[errors.BodyTooLarge],
}


def of_status(status: int) -> Problem:
    """The problem of an HTTP status that the framework itself answers."""
    return _BY_STATUS.get(status, Problem(status, "http", "The request cannot be answered"))


def document(
    problem: Problem,
    detail: str | None = None,
    fields: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The JSON members; `errors` names each faulty field with what is wrong with it."""
    members: dict[str, Any] = {
        "type": TYPE_PREFIX + problem.slug,
        "title": problem.title,
        "status": problem.status,
    }
    if detail:
        members["detail"] = detail
    if fields:
        members["errors"] = [
            {"field": field, "detail": message} for field, message in fields.items()
        ]
    return members


def document_of(error: LimnError) -> dict[str, Any]:
    """Problem document of one of our errors; the text of what is not for clients is logged."""
    problem = PROBLEMS[type(error)]
    if problem.status == INTERNAL.status:
        logger.error("%s: %s", type(error).__name__, error)
        return document(problem)
    fields = None
    if isinstance(error, InvalidParameter):
        fields = {error.field: error.message}
    elif isinstance(error, errors.SubmissionRejected):
        fields = {error.file: error.reason}
    return document(problem, str(error), fields)


def protocol_status(status: int) -> int:
    """The Open Inference Protocol's HTTP status; its one word for bad input is 400."""
    return 400 if status in (415, 422) else status


def protocol_text(members: Mapping[str, Any]) -> str:
    """The Open Inference Protocol's one line for a problem document."""
    text: str = members.get("detail") or members["title"]
    return text


def respond(
    members: Mapping[str, Any], scope: Scope, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The response for a problem document, with the request's path and id added."""
    sent = dict(headers or {})
    scope.setdefault("state", {})["problem"] = members["type"].removeprefix(TYPE_PREFIX)
    if members["type"] == TYPE_PREFIX + PROBLEMS[errors.Overloaded].slug:
        sent["Retry-After"] = str(RETRY_AFTER_S)
    if scope["path"].startswith(PROTOCOL_PREFIX):
        error = {"error": protocol_text(members)}
        return JSONResponse(error, protocol_status(members["status"]), sent)
    content = {**members, "instance": scope["path"]}
    request_id = scope.get("state", {}).get("request_id")
    if request_id is not None:
        content["request_id"] = request_id
    return JSONResponse(content, members["status"], sent, media_type=MEDIA_TYPE)
