"""All models that the protocol serves: three for every network in the repository."""

from collections.abc import Iterator

from service.errors import UnknownModel
from service.kserve.model import InferenceModel
from service.kserve.network import NetworkModel
from service.kserve.parser import ParserModel
from service.kserve.photo import PhotoModel
from service.pipeline import ParsingPipeline


class Catalogue:
    """`<name>`, `<name>_parse` and `<name>_photo`, each in every version of the network."""

    def __init__(self, pipeline: ParsingPipeline, max_batch: int) -> None:
        self._models: dict[str, dict[int, InferenceModel]] = {}
        self._default: dict[str, int] = {}
        for served in pipeline.repository:
            models: tuple[InferenceModel, ...] = (
                NetworkModel(served, pipeline, max_batch),
                ParserModel(served, pipeline, max_batch),
                PhotoModel(served, pipeline),
            )
            default = pipeline.repository.find(served.id.name).id.version
            for model in models:
                self._models.setdefault(model.spec.name, {})[model.spec.version] = model
                self._default[model.spec.name] = default

    def __iter__(self) -> Iterator[InferenceModel]:
        for versions in self._models.values():
            yield from versions.values()

    def versions(self, name: str) -> tuple[int, ...]:
        """Versions of a model, ascending; UnknownModel where there is none of that name."""
        if name not in self._models:
            raise UnknownModel(
                f"no model {name[:80]!r} is served; there are: {', '.join(self._models)}"
            )
        return tuple(sorted(self._models[name]))

    def find(self, name: str, version: str = "") -> InferenceModel:
        """The model of that name, in its default version unless one is named.

        Raises:
            UnknownModel: no such model or version is served.
        """
        versions = self.versions(name)
        if not version:
            return self._models[name][self._default[name]]
        known = {str(number): number for number in versions}
        if version not in known:
            raise UnknownModel(
                f"model {name!r} has no version {version[:20]!r}; there are: {', '.join(known)}"
            )
        return self._models[name][known[version]]
