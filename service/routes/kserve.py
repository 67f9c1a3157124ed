"""`/v2`: the Open Inference Protocol over HTTP, with binary tensor data."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from service.dependencies import InferenceOf, LimitsOf
from service.errors import EngineUnavailable, NotOffered
from service.kserve import documents
from service.kserve.compression import decompress
from service.kserve.http_messages import HEADER_LENGTH, HttpRequest, read_request, write_answer
from service.kserve.inference import InferenceService
from service.problems import PROTOCOL_PREFIX

# The protocol has a description of its own.
router = APIRouter(prefix=PROTOCOL_PREFIX, include_in_schema=False)

_MODEL = "/models/{name}"
_VERSION = "/models/{name}/versions/{version}"


@router.get("")
async def server_metadata() -> dict[str, Any]:
    return documents.server_metadata()


@router.get("/health/live")
async def server_live() -> dict[str, bool]:
    return {"live": True}


@router.get("/health/ready")
async def server_ready(inference: InferenceOf) -> dict[str, bool]:
    await _require_ready(inference)
    return {"ready": True}


@router.post("/repository/index")
async def repository_index(request: Request, inference: InferenceOf) -> list[dict[str, Any]]:
    return await inference.index(only_ready=False)


@router.get("/models/stats")
async def all_statistics(inference: InferenceOf) -> dict[str, Any]:
    return inference.statistics()


@router.get(_MODEL)
@router.get(_VERSION)
async def model_metadata(inference: InferenceOf, name: str, version: str = "") -> dict[str, Any]:
    return inference.metadata(name, version)


@router.get(_MODEL + "/ready")
@router.get(_VERSION + "/ready")
async def model_ready(inference: InferenceOf, name: str, version: str = "") -> dict[str, Any]:
    inference.catalogue.find(name, version)
    await _require_ready(inference)
    return {"name": name, "ready": True}


@router.get(_MODEL + "/config")
@router.get(_VERSION + "/config")
async def model_config(inference: InferenceOf, name: str, version: str = "") -> dict[str, Any]:
    return inference.config(name, version)


@router.get(_MODEL + "/stats")
@router.get(_VERSION + "/stats")
async def model_statistics(inference: InferenceOf, name: str, version: str = "") -> dict[str, Any]:
    return inference.statistics(name, version)


@router.post(_MODEL + "/infer")
@router.post(_VERSION + "/infer")
async def infer(
    request: Request, inference: InferenceOf, limits: LimitsOf, name: str, version: str = ""
) -> Response:
    """Tensors to tensors, each as JSON or as bytes after the JSON."""
    # Before the body: a model that is not there takes no 20 MB.
    inference.catalogue.find(name, version)
    body = await request.body()
    encoding = request.headers.get("content-encoding", "")
    header_length = request.headers.get(HEADER_LENGTH)

    def read() -> HttpRequest:
        plain = decompress(body, encoding, limits.max_body_bytes)
        return read_request(plain, header_length, name, version)

    asked = await inference.workers.run(read)
    answer = await inference.infer(asked.infer)
    content, length = await inference.workers.run(partial(write_answer, answer, asked))
    if length is None:
        return Response(content, media_type="application/json")
    headers = {HEADER_LENGTH: str(length)}
    return Response(content, headers=headers, media_type="application/octet-stream")


async def _not_offered() -> None:
    raise NotOffered(
        "not offered: no control of the repository, of shared memory, of traces or logs"
    )


for _path in (
    "/repository/models/{name}/{action}",
    "/systemsharedmemory/{rest:path}",
    "/cudasharedmemory/{rest:path}",
    "/trace/setting",
    _MODEL + "/trace/setting",
    "/logging",
):
    router.add_api_route(_path, _not_offered, methods=["GET", "POST"])


async def _require_ready(inference: InferenceService) -> None:
    if not await inference.ready():
        raise EngineUnavailable("the engine is not ready")
