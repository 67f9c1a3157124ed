"""`/v1/models` and `/v1/label-sets`: what is served, and what its class indices mean."""

from fastapi import APIRouter

from limn.labels import LABEL_SETS, LabelSet
from limn.wire import (
    Accuracy,
    LabelClass,
    LabelSetDocument,
    LabelSetList,
    ModelDocument,
    ModelList,
)
from service.dependencies import PipelineOf
from service.errors import UnknownLabelSet
from service.openapi import problem_responses
from service.repository import ModelRepository

router = APIRouter(prefix="/v1", tags=["catalogue"])


@router.get("/models")
async def list_models(pipeline: PipelineOf) -> ModelList:
    """Every served model in the version that is served by default."""
    repository = pipeline.repository
    return ModelList(models=[_model(repository, name) for name in repository.names])


@router.get("/models/{name}", responses=problem_responses(404))
async def describe_model(name: str, pipeline: PipelineOf) -> ModelDocument:
    """One served model in the version that is served by default."""
    return _model(pipeline.repository, name)


@router.get("/label-sets")
async def list_label_sets() -> LabelSetList:
    """Every label set that an answer can be in."""
    return LabelSetList(label_sets=[_label_set(entry) for entry in LABEL_SETS.values()])


@router.get("/label-sets/{name}", responses=problem_responses(404))
async def describe_label_set(name: str) -> LabelSetDocument:
    """One label set: names and colours by class index, left and right."""
    if name not in LABEL_SETS:
        raise UnknownLabelSet(f"no label set {name!r}; there are: {', '.join(LABEL_SETS)}")
    return _label_set(LABEL_SETS[name])


def _model(repository: ModelRepository, name: str) -> ModelDocument:
    contract = repository.find(name).contract
    return ModelDocument(
        name=contract.name,
        version=contract.version,
        versions=list(repository.versions(name)),
        is_default=name == repository.default_model,
        label_set=contract.labels.name,
        canvas=contract.canvas,
        scales=contract.scales,
        stride=contract.stride,
        precision=contract.precision,
        sha256=contract.sha256,
        training_data=[f"{source.name} ({source.licence})" for source in contract.sources],
        measured=[Accuracy(**entry.model_dump(exclude={"command"})) for entry in contract.measured],
    )


def _label_set(label_set: LabelSet) -> LabelSetDocument:
    return LabelSetDocument(
        name=label_set.name,
        title=label_set.title,
        source=label_set.source,
        classes=[
            LabelClass(index=index, name=name, color=color)
            for index, (name, color) in enumerate(
                zip(label_set.classes, label_set.colors, strict=True)
            )
        ],
        left_right_pairs=list(label_set.left_right_pairs),
    )
