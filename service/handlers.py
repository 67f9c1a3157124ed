"""Errors of an app, ours and the framework's, as problem documents."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from limn.errors import InvalidParameter, LimnError
from service import problems


def answer_with_problems(app: FastAPI) -> None:
    """Register all handlers."""
    app.add_exception_handler(LimnError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)


async def _on_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, LimnError)
    return problems.respond(problems.document_of(error), request.scope)


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    """FastAPI's own validation, in the shape of ours."""
    assert isinstance(error, RequestValidationError)
    places = {"query", "path", "header", "body"}
    fields = {
        ".".join(str(part) for part in fault["loc"] if part not in places): fault["msg"]
        for fault in error.errors()
    }
    detail = "; ".join(f"{field}: {message}" for field, message in fields.items())
    members = problems.document(problems.PROBLEMS[InvalidParameter], detail, fields)
    return problems.respond(members, request.scope)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    """What the framework answers by itself: no such route, no such method."""
    assert isinstance(error, HTTPException)
    members = problems.document(problems.of_status(error.status_code))
    return problems.respond(members, request.scope, error.headers)
