"""`/v1/admin`: what an operator may change while the service runs."""

from fastapi import APIRouter

from limn.wire import Reloaded, ServedVersion
from service.access import ADMIN_FOLDER
from service.dependencies import AccessOf, ServingOf
from service.errors import NotOffered
from service.openapi import problem_responses

router = APIRouter(prefix=ADMIN_FOLDER.rstrip("/"), tags=["operations"])


@router.post("/reload", responses=problem_responses(401, 403, 404, 409))
async def reload(serving: ServingOf, access: AccessOf) -> Reloaded:
    """Read keys and models from the disk again; needs a key for `admin`.

    Requests in flight end on the models they began with. If anything cannot be used, all stays.
    """
    if not access.is_restricted:
        raise NotOffered("not offered without keys, LIMN_KEYS_FILE; send SIGHUP instead")
    fresh = await serving.reload()
    models = [
        ServedVersion(name=model.id.name, version=model.id.version)
        for model in fresh.pipeline.repository
    ]
    return Reloaded(models=models)
