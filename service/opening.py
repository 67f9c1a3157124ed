"""What has to be read, opened and run once before a photo can be parsed."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from service import heap
from service.engines.network import Network
from service.finding.onnx_finder import OnnxFinder
from service.finding.protocol import PersonFinder
from service.repository import ModelId, ModelRepository
from service.settings import Settings


@dataclass(frozen=True)
class Opened:
    """`networks` of all models where this process runs them on the CPU, none where it does not."""

    repository: ModelRepository
    networks: Mapping[ModelId, Network]
    finder: PersonFinder | None


class Opening:
    """Goes on in threads of its own from the moment it is made.

    ONNX Runtime needs no interpreter while it opens and runs graphs, so that a start can import
    the rest of the service meanwhile, which takes as long.
    """

    def __init__(self, settings: Settings) -> None:
        # Before the first of many threads asks for memory.
        heap.keep_small(settings.sessions)
        threads = ThreadPoolExecutor(3, thread_name_prefix="opening")
        self._repository = threads.submit(
            ModelRepository, settings.model_repository, settings.default_model
        )
        self._networks = threads.submit(_networks, settings, self._repository)
        # On the CPU whatever the engine: one picture of a request is no work for a GPU.
        self._finder = threads.submit(_finder, settings.person_finder)
        threads.shutdown(wait=False)

    def repository(self) -> ModelRepository:
        """Waits until every contract is read; raises what `ModelRepository` does."""
        return self._repository.result()

    def opened(self) -> Opened:
        """Waits for everything.

        Raises:
            ContractError: a model or the finder is not whole, or not what it says.
            PromotionError: see `ModelRepository`.
        """
        return Opened(self.repository(), self._networks.result(), self._finder.result())


def _networks(
    settings: Settings, repository: "Future[ModelRepository]"
) -> Mapping[ModelId, Network]:
    """Side by side, a model per core."""
    if settings.engine != "embedded" or settings.device != "cpu":
        return {}
    models = tuple(repository.result())
    with ThreadPoolExecutor(settings.sessions) as threads:
        networks = threads.map(Network.load, models)
        return dict(zip((model.id for model in models), networks, strict=True))


def _finder(folder: Path | None) -> PersonFinder | None:
    return None if folder is None else OnnxFinder.load(folder)
