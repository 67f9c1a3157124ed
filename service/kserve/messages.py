"""An inference request and its answer, the same for every transport."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from limn.errors import InvalidParameter
from service.kserve.tensors import NamedTensor, Tensor

Parameters = Mapping[str, bool | int | float | str]


@dataclass(frozen=True)
class InferRequest:
    """A request as it was sent; its tensors are whole, but may not be what the model takes.

    Attributes:
        version: digits, or empty for the default version.
        id: of the client's choice; the answer repeats it.
        outputs: names in the order wanted; empty for all.
        parameters: of the request; those of the transport are taken out.
    """

    model: str
    version: str
    id: str
    inputs: tuple[NamedTensor, ...]
    outputs: tuple[str, ...]
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True)
class InferAnswer:
    """Outputs by name, in the order asked for."""

    model: str
    version: int
    id: str
    outputs: Mapping[str, Tensor]


def refuse_tensor_parameters(
    name: str, parameters: Parameters, known: Collection[str] = ()
) -> None:
    """InvalidParameter for parameters of a tensor that ask for an extension not offered."""
    for parameter in parameters:
        if parameter not in known:
            raise InvalidParameter(
                name, f"{parameter[:40]!r} is not offered; no shared memory, no classification"
            )
