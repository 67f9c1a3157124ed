"""Whether the models are whole, and a picture can be parsed."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np

from limn.encode import rgb_png
from limn.errors import LimnError
from limn.finder_contract import read_finder_contract
from service.diagnosis.finding import Finding
from service.parameters import ParseParameters
from service.repository import ModelRepository, ServedModel
from service.settings import Settings
from service.startup import start_pipeline


def findings(settings: Settings) -> Iterator[Finding]:
    try:
        repository = ModelRepository(settings.model_repository, settings.default_model)
    except LimnError as error:
        yield Finding("models", str(error), "fault")
        return
    for model in repository:
        yield _model(model, settings, is_default=model.id.name == repository.default_model)
    yield _finder(settings.person_finder)


async def parse_one(settings: Settings) -> AsyncIterator[Finding]:
    """Start what `limn serve` starts, and parse a picture of noise with every model."""
    photo = rgb_png(np.random.default_rng(0).integers(0, 256, (512, 384, 3)).astype(np.uint8))
    start = time.perf_counter()
    try:
        pipeline = await start_pipeline(settings)
    except LimnError as error:
        yield Finding("start", str(error), "fault")
        return
    try:
        yield Finding("start", f"{time.perf_counter() - start:.1f} s until every model was warm")
        for name in ModelRepository(settings.model_repository, settings.default_model).names:
            start = time.perf_counter()
            try:
                await pipeline.parse(photo, pipeline.plan(ParseParameters(model=name)))
            except LimnError as error:
                yield Finding(f"parse, {name}", str(error), "fault")
            else:
                milliseconds = 1e3 * (time.perf_counter() - start)
                yield Finding(f"parse, {name}", f"{milliseconds:.0f} ms for one picture")
    finally:
        await pipeline.close()


def _finder(folder: Path | None) -> Finding:
    if folder is None:
        return Finding("person finder", "none: boxes=auto is not offered")
    try:
        contract = read_finder_contract(folder)
    except LimnError as error:
        return Finding("person finder", str(error), "fault")
    return Finding("person finder", f"{contract.name} {contract.version}, for boxes=auto")


def _model(model: ServedModel, settings: Settings, is_default: bool) -> Finding:
    contract = model.contract
    graph = contract.gpu_file if settings.device == "cuda" else model.cpu_graph.file.name
    parts = [f"{len(model.label_set)} labels of {model.label_set.name}", graph]
    parts += [f"mIoU {measured.mean_iou:.1f} %" for measured in contract.measured[-1:]]
    parts += ["default"] if is_default else []
    return Finding(f"model {model.id.name} {model.id.version}", ", ".join(parts))
