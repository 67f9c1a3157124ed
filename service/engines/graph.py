"""An ONNX graph must be the one its contract describes, and is refused otherwise."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from limn.contract import ModelContract
from limn.errors import ContractError
from limn.geometry import Size

Shape = Sequence[int | str | None]


class Tensor(Protocol):
    """What ONNX Runtime tells of a graph's input or output."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> Shape: ...
    @property
    def type(self) -> str: ...


def check_graph(
    contract: ModelContract, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
) -> None:
    """Compare names, ranks, element types, channels and class count.

    Raises:
        ContractError: the message says what the contract states and what the graph has.
    """
    names = contract.tensors
    if [tensor.name for tensor in inputs] != [names.pixels]:
        raise _mismatch(contract, f"input {names.pixels!r} alone", _listed(inputs))
    logits = next((tensor for tensor in outputs if tensor.name == names.logits), None)
    if logits is None:
        raise _mismatch(contract, f"output {names.logits!r}", _listed(outputs))
    _check_tensor(contract, inputs[0], 3, "colour channels")
    _check_tensor(contract, logits, len(contract.labels.classes), "classes")
    for size in contract.scales.values():
        _check_size(contract, inputs[0], size)


def check_logits(contract: ModelContract, size: Size, logits: NDArray[np.float32]) -> None:
    """Compare what a graph answers to one picture (h, w) of zeros; ContractError, as above."""
    stride = contract.stride
    stated = (1, len(contract.labels.classes), size[0] // stride, size[1] // stride)
    shown = f"model {contract.name} version {contract.version}, input {size[0]}x{size[1]}"
    if logits.shape != stated:
        raise ContractError(
            f"{shown}: the contract states logits {stated}, the graph answers {logits.shape}"
        )
    if np.isnan(logits).any():
        raise ContractError(f"{shown}: the graph answers what are no numbers")


def _check_tensor(contract: ModelContract, tensor: Tensor, channels: int, what: str) -> None:
    if len(tensor.shape) != 4 or tensor.type != "tensor(float)":
        raise _mismatch(contract, f"{tensor.name!r} as float32 of rank 4", _described(tensor))
    # A symbolic dimension is settled when the model is warmed up.
    if isinstance(tensor.shape[1], int) and tensor.shape[1] != channels:
        raise _mismatch(contract, f"{channels} {what} in {tensor.name!r}", _described(tensor))


def _check_size(contract: ModelContract, pixels: Tensor, size: tuple[int, int]) -> None:
    for side, dimension in zip(size, pixels.shape[2:], strict=True):
        if isinstance(dimension, int) and dimension != side:
            raise _mismatch(contract, f"an input of {size[0]}x{size[1]} pixels", _described(pixels))


def _described(tensor: Tensor) -> str:
    return f"{tensor.name!r} {tensor.type} {list(tensor.shape)}"


def _listed(tensors: Sequence[Tensor]) -> str:
    return ", ".join(map(_described, tensors)) or "nothing"


def _mismatch(contract: ModelContract, stated: str, found: str) -> ContractError:
    return ContractError(
        f"model {contract.name} version {contract.version}: the contract states {stated},"
        f" the graph has {found}"
    )
