"""`/v1/parse`: a photo in, its label map out; one photo a request, or several in a batch."""

import base64
import json
from collections.abc import Mapping
from typing import Annotated, Any

from anyio import create_task_group
from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from limn.errors import LimnError
from limn.wire import BOXES_HEADER, BatchAnswer
from service import problems
from service.body import Body, Upload, read_body
from service.deadline import Deadline, answer_within
from service.dependencies import DeadlineOf, LimitsOf, PipelineOf
from service.openapi import BATCH_BODY, PARSE_BODY, PARSE_RESPONSES, problem_responses
from service.parameters import ParseParameters, ParsePlan
from service.pipeline import ParsingPipeline

router = APIRouter(prefix="/v1/parse", tags=["parse"])

QueryParameters = Annotated[ParseParameters, Query()]


@router.post(
    "", response_class=Response, responses=PARSE_RESPONSES, openapi_extra=PARSE_BODY, name="parse"
)
async def parse(
    request: Request,
    query: QueryParameters,
    pipeline: PipelineOf,
    limits: LimitsOf,
    deadline: DeadlineOf,
) -> Response:
    """Label every pixel of one photo."""
    body, plan = await _asked(request, query, pipeline, deadline, max_images=1)
    with answer_within(limits.timeout_s):
        answer = await pipeline.parse(body.images[0].data, plan)
    headers = (
        {}
        if answer.found is None
        else {BOXES_HEADER: json.dumps([crop.corners for crop in answer.found])}
    )
    return Response(answer.content, media_type=answer.media_type, headers=headers)


@router.post(
    "/batch",
    response_model=BatchAnswer,
    responses=problem_responses(),
    openapi_extra=BATCH_BODY,
    name="parse a batch",
)
async def parse_batch(
    request: Request,
    query: QueryParameters,
    pipeline: PipelineOf,
    limits: LimitsOf,
    deadline: DeadlineOf,
) -> Response:
    """Label several photos alike; a photo that fails leaves the others alone.

    Each item holds the answer that `/v1/parse` would give: its JSON as `result`, or its bytes in
    Base64 as `content`, or its problem document as `problem`.
    """
    body, plan = await _asked(request, query, pipeline, deadline, limits.max_batch_images)
    items: list[dict[str, Any]] = [{} for _ in body.images]

    async def answer(index: int) -> None:
        items[index] = await _item(pipeline, body.images[index], plan)

    with answer_within(limits.timeout_s):
        async with create_task_group() as group:
            for index in range(len(items)):
                group.start_soon(answer, index)
    content = json.dumps({"items": items}, separators=(",", ":"))
    return Response(content, media_type="application/json")


async def _asked(
    request: Request,
    query: ParseParameters,
    pipeline: ParsingPipeline,
    deadline: Deadline,
    max_images: int,
) -> tuple[Body, ParsePlan]:
    """What was sent, and what is to be done with it, by the deadline that it states."""
    deadline.allow_ms(query.timeout_ms)
    body = await read_body(request, max_images)
    parameters = _merged(query, body.fields)
    deadline.allow_ms(parameters.timeout_ms)
    return body, pipeline.plan(parameters)


async def _item(pipeline: ParsingPipeline, upload: Upload, plan: ParsePlan) -> dict[str, Any]:
    item: dict[str, Any] = {} if upload.name is None else {"name": upload.name}
    try:
        answer = await pipeline.parse(upload.data, plan)
    except LimnError as error:
        document = problems.document_of(error)
        return item | {"status": document["status"], "problem": document}
    item |= {"status": 200, "media_type": answer.media_type}
    if answer.media_type == "application/json":
        return item | {"result": json.loads(answer.content)}
    return item | {"content": base64.b64encode(answer.content).decode("ascii")}


def _merged(query: ParseParameters, fields: Mapping[str, str]) -> ParseParameters:
    """Query and form together; a form field wins over the query's."""
    if not fields:
        return query
    try:
        return ParseParameters.model_validate(query.model_dump(exclude_unset=True) | dict(fields))
    except ValidationError as exc:
        raise RequestValidationError(exc.errors()) from exc
