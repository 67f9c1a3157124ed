"""What OpenAPI cannot infer from the routes: bodies of parse requests, answers, problems."""

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from limn.wire import BOXES_HEADER, ParsedPhoto, ProblemDocument
from service.access import scope_of
from service.attendance import TIMEOUT_HEADER
from service.deadline import MOST_MILLISECONDS
from service.parameters import ParseParameters
from service.problems import MEDIA_TYPE

Document = dict[str, Any]

_BINARY = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}

_ERRORS = {
    400: "The body is empty, or is not the form it says it is",
    401: "A key is needed, where keys are asked for, and none that is valid was shown",
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

_KEY = "key"
"""Name of the one way to show a key."""

_REQUEST_ID = {
    "X-Request-Id": {
        "description": "the client's own, or a new one; the log has it too",
        "schema": {"type": "string"},
    }
}
_ALSO_TOLD: dict[str, Document] = {
    "401": {
        "WWW-Authenticate": {"description": "the scope needed", "schema": {"type": "string"}},
    },
    "429": {
        "Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}},
    },
}
"""Headers of an answer by its status."""


def problem_responses(*statuses: int) -> dict[int | str, Document]:
    """Entries of a route's `responses` for these statuses; all of `/v1/parse` if none is named."""
    return {
        status: {"description": _ERRORS[status], "model": ProblemDocument}
        for status in statuses or _OF_PARSING
    }


PARSE_RESPONSES: dict[int | str, Document] = {
    200: {
        "description": "The parsed photo, in the form that `output` asks for",
        "model": ParsedPhoto,
        "content": {
            "image/png": {"schema": {"type": "string", "contentMediaType": "image/png"}},
            "application/octet-stream": _BINARY,
        },
        "headers": {
            "Server-Timing": {
                "description": "milliseconds per stage: decode, canvas, network, fuse, choose,"
                " encode, and in total",
                "schema": {"type": "string"},
            },
            BOXES_HEADER: {
                "description": "with `boxes=auto`: JSON, [x1, y1, x2, y2] in pixels of each person"
                " that was found; with any `output`, as a mask does not tell",
                "schema": {"type": "string"},
            },
        },
    },
    **problem_responses(),
}

METRICS_RESPONSES: dict[int | str, Document] = {
    200: {
        "description": "Prometheus exposition",
        "content": {CONTENT_TYPE_LATEST.partition(";")[0]: {"schema": {"type": "string"}}},
    }
}


def _form(images: Document) -> Document:
    parameters = ParseParameters.model_json_schema()["properties"]
    fields = {name: _without_null(schema) for name, schema in parameters.items()}
    return {
        "schema": {
            "type": "object",
            "required": ["image"],
            "properties": {"image": images, **fields},
        }
    }


def _without_null(schema: Document) -> Document:
    """Of a value that can be left out, and not be null: neither a query nor a form could say so."""
    alternatives = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(alternatives) != 1:
        return schema
    others = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**alternatives[0], **others}


_FILE = {"type": "string", "format": "binary"}

_TIMEOUT = {
    "name": TIMEOUT_HEADER,
    "in": "header",
    "required": False,
    "description": "says what `timeout_ms` does",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST_MILLISECONDS},
}

PARSE_BODY: Document = {
    "parameters": [_TIMEOUT],
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
    },
}

BATCH_BODY: Document = {
    "parameters": [_TIMEOUT],
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": _form({"type": "array", "items": _FILE})},
    },
}


def completed(schema: Document, is_restricted: bool) -> Document:
    """What FastAPI infers from the routes, made true where something surrounds them.

    Args:
        is_restricted: whether keys are asked for.
    """
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            _complete(operation, needs_key=scope_of(path) is not None)
            if is_restricted and scope_of(path) is not None:
                operation["security"] = [{_KEY: []}]
    components = schema["components"]
    for name in (_UNREACHED, "ValidationError"):
        components["schemas"].pop(name, None)
    if is_restricted:
        components["securitySchemes"] = {_KEY: {"type": "http", "scheme": "bearer"}}
    return schema


_UNREACHED = "HTTPValidationError"
"""FastAPI's own document, which it states for all routes with parameters; ours is answered."""


def _complete(operation: Document, needs_key: bool) -> None:
    responses: Document = operation["responses"]
    if _schema_of(responses.get("422", {})) == {"$ref": f"#/components/schemas/{_UNREACHED}"}:
        del responses["422"]
    if "408" in responses:
        # Of the protocol, before any route; a query of two long texts is enough.
        responses["431"] = {"description": "Address and headers are longer than 65,535 bytes"}
    if needs_key:
        for status in ("401", "403"):
            responses.setdefault(status, _refusal(int(status)))
    for status, response in responses.items():
        content = response.get("content", {})
        if int(status) >= 400 and "application/json" in content:
            content[MEDIA_TYPE] = content.pop("application/json")
        response.setdefault("headers", {}).update(_REQUEST_ID | _ALSO_TOLD.get(status, {}))
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])


def _schema_of(response: Document) -> Document | None:
    found: Document | None = response.get("content", {}).get("application/json", {}).get("schema")
    return found


def _refusal(status: int) -> Document:
    document = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
    return {"description": _ERRORS[status], "content": {MEDIA_TYPE: {"schema": document}}}
