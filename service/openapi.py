"""What OpenAPI cannot infer from the routes: bodies of parse requests, answers, problems."""

from typing import Any

from service.parameters import ParseParameters
from service.problems import MEDIA_TYPE
from service.schemas import ParsedPhoto, ProblemDocument

_BINARY = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}

_ERRORS = {
    400: "The body is empty, or is not the form it says it is",
    401: "A key is needed, and none that is valid was shown",
    403: "The key is not for this",
    404: "No such model or label set",
    408: "The body did not arrive in time, or trickled",
    409: "The models on disk cannot be served; those before go on",
    413: "Too many bytes, or a header that promises too many pixels; nothing was decoded",
    415: "Not in a format that is read: JPEG, PNG, WebP, and what this service was told to",
    422: "A broken, cut-off or very long image, or a parameter that is not acceptable, which"
    " `errors` names",
    429: "At the limit; try again after `Retry-After` seconds",
    500: "The service failed",
    503: "The engine is not available",
    504: "The answer was not ready in time",
}

_OF_PARSING = tuple(status for status in _ERRORS if status != 409)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Entries of a route's `responses` for these statuses; all of `/v1/parse` if none is named."""
    return {
        status: {"description": _ERRORS[status], "model": ProblemDocument}
        for status in statuses or _OF_PARSING
    }


PARSE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The parsed photo, in the form that `output` asks for",
        "model": ParsedPhoto,
        "content": {
            "image/png": {"schema": {"type": "string", "contentMediaType": "image/png"}},
            "application/octet-stream": _BINARY,
        },
        "headers": {
            "X-Request-Id": {"schema": {"type": "string"}},
            "Server-Timing": {
                "description": "milliseconds per stage: decode, canvas, network, fuse, choose,"
                " encode, and in total",
                "schema": {"type": "string"},
            },
        },
    },
    **problem_responses(),
}


def _form(images: dict[str, Any]) -> dict[str, Any]:
    parameters = ParseParameters.model_json_schema()["properties"]
    return {
        "schema": {
            "type": "object",
            "required": ["image"],
            "properties": {"image": images, **parameters},
        }
    }


_FILE = {"type": "string", "format": "binary"}

PARSE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A JPEG, PNG or WebP (others by the service's settings) as the raw body,"
        " whatever its content type says, or as the file `image` of a form whose other fields are"
        " the parameters. Example:"
        " `curl --data-binary @photo.jpg 'http://localhost:8080/v1/parse?output=overlay'`",
        "content": {
            "image/jpeg": _BINARY,
            "image/png": _BINARY,
            "image/webp": _BINARY,
            "application/octet-stream": _BINARY,
            "multipart/form-data": _form(_FILE),
        },
    }
}

BATCH_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": _form({"type": "array", "items": _FILE})},
    }
}


def with_problem_types(schema: dict[str, Any]) -> dict[str, Any]:
    """Say of every error that its media type is that of problem documents."""
    for path in schema["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if int(status) >= 400 and "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
    return schema
