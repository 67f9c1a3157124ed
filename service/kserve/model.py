"""What every model of the protocol offers, whatever stands behind it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from limn.errors import InvalidParameter
from service.kserve.messages import Parameters
from service.kserve.tensors import Tensor, TensorSpec


@dataclass(frozen=True)
class ModelSpec:
    """One version of one model.

    Attributes:
        max_batch: most entries of the first dimension; 0 where that is no batch.
    """

    name: str
    version: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    max_batch: int


class InferenceModel(Protocol):
    """A model that can be asked."""

    @property
    def spec(self) -> ModelSpec: ...

    async def infer(
        self, inputs: Mapping[str, Tensor], outputs: Collection[str], parameters: Parameters
    ) -> Mapping[str, Tensor]:
        """Outputs by name, at least those asked for; `inputs` fit the spec.

        Raises:
            LimnError: the input or a parameter is not acceptable, or the engine failed.
        """
        ...


def refuse_parameters(parameters: Parameters, known: Collection[str] = ()) -> None:
    """InvalidParameter for any but those that are known."""
    unknown = [name for name in parameters if name not in known]
    if unknown:
        accepted = ", ".join(("timeout", *known))
        raise InvalidParameter(
            unknown[0][:40], f"no such parameter of this model; there are: {accepted}"
        )
