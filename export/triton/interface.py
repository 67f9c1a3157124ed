"""What a client sees of a served model, as its contract has it: tensors, sizes, classes."""

from collections.abc import Sequence
from dataclasses import dataclass

from limn.contract import ModelContract, ParserContract

VARIABLE = -1


@dataclass(frozen=True)
class Tensor:
    """One input or output; `dims` leave out the batch, `VARIABLE` is any size."""

    name: str
    data_type: str
    dims: tuple[int, ...]


@dataclass(frozen=True)
class Interface:
    """One input, some outputs, and the input's shapes that are used.

    Attributes:
        shapes: of the input without the batch, every one that must be fast from the first call.
        scores: name of the output with one map per class.
        classes: names by index.
        file: of the ONNX graph, in a version folder.
    """

    input: Tensor
    outputs: tuple[Tensor, ...]
    shapes: tuple[tuple[int, ...], ...]
    scores: str
    classes: Sequence[str]
    file: str


def interface(contract: ModelContract | ParserContract) -> Interface:
    """The same for every platform."""
    if isinstance(contract, ParserContract):
        return _of_parser(contract)
    return _of_network(contract)


def _of_network(contract: ModelContract) -> Interface:
    names, classes = contract.tensors, contract.labels.classes
    return Interface(
        input=Tensor(names.pixels, "TYPE_FP32", (3, VARIABLE, VARIABLE)),
        outputs=(Tensor(names.logits, "TYPE_FP32", (len(classes), VARIABLE, VARIABLE)),),
        # Two scales may round to one size.
        shapes=tuple(dict.fromkeys((3, *size) for size in contract.scales.values())),
        scores=names.logits,
        classes=classes,
        file=contract.file,
    )


def _of_parser(contract: ParserContract) -> Interface:
    names, classes, canvas = contract.tensors, contract.labels.classes, contract.canvas
    grid = tuple(-(-side // contract.stride) for side in canvas)
    return Interface(
        input=Tensor(names.canvas, "TYPE_UINT8", (*canvas, 3)),
        outputs=(
            Tensor(names.labels, "TYPE_UINT8", canvas),
            Tensor(names.color, "TYPE_UINT8", (*canvas, 3)),
            Tensor(names.scores, "TYPE_FP16", (len(classes), *grid)),
        ),
        shapes=((*canvas, 3),),
        scores=names.scores,
        classes=classes,
        file=contract.file,
    )
