"""From settings to a pipeline that is ready to parse."""

from limn.image import ImageLimits
from service.engines.embedded import EmbeddedEngine
from service.parameters import ParseLimits
from service.pipeline import ParsingPipeline
from service.repository import ModelRepository
from service.settings import Settings
from service.workers import Workers


async def start_pipeline(settings: Settings) -> ParsingPipeline:
    """Load and warm up every model; ContractError where one is missing or not whole."""
    repository = ModelRepository(settings.model_repository, settings.default_model)
    workers = Workers(settings.sessions)
    return ParsingPipeline(
        repository,
        await EmbeddedEngine.start(tuple(repository), workers),
        workers,
        ImageLimits(settings.max_upload_bytes, settings.max_image_pixels, settings.max_image_side),
        ParseLimits(
            settings.max_boxes, settings.max_scales, settings.min_scale, settings.max_scale
        ),
    )
