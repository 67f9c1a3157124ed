"""What a shell may complete: names that this machine knows, without starting anything."""

from collections.abc import Iterator


def complete_model(incomplete: str) -> Iterator[str]:
    """Names of models in the repository of the environment."""
    from limn.errors import LimnError
    from service.repository import ModelRepository
    from service.settings import Settings

    try:
        settings = Settings()
        names = sorted(
            {model.id.name for model in ModelRepository(settings.model_repository, None)}
        )
    except (LimnError, ValueError):
        return
    yield from (name for name in names if name.startswith(incomplete))


def complete_label_set(incomplete: str) -> Iterator[str]:
    """Names of label sets."""
    from limn.labels import LABEL_SETS

    yield from (name for name in LABEL_SETS if name.startswith(incomplete))
