"""The model contract: all that serving must know of a network, in one JSON file beside it."""

import hashlib
import math
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from limn.errors import ContractError
from limn.labels import LabelSet

CONTRACT_FILE = "contract.json"

PARSER_SUFFIX = "_parse"
"""Beside the network `<name>`, `<name>_parse` takes canvases to labels in one graph."""

PHOTO_SUFFIX = "_photo"
"""`<name>_photo` takes an encoded photo; the gateway answers it, no folder holds it."""

FILE_PATTERN = r"^[A-Za-z0-9_.-]+$"

Precision = Literal["fp32", "fp16"]

Channel = Annotated[int, Field(ge=0, le=255)]
Side = Annotated[int, Field(ge=16, le=4096)]
Spread = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Size = tuple[Side, Side]
"""(height, width) in pixels."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LabelSpec(_Frozen):
    """The label set whose class indices the network answers."""

    name: str
    classes: tuple[str, ...]
    palette: tuple[tuple[Channel, Channel, Channel], ...] = Field(description="RGB per class")

    @classmethod
    def of(cls, label_set: LabelSet) -> "LabelSpec":
        return cls(name=label_set.name, classes=label_set.classes, palette=label_set.colors)

    def label_set(self) -> LabelSet:
        return LabelSet(
            name=self.name,
            title=self.name,
            classes=self.classes,
            colors=self.palette,
            source="model contract",
        )


class TensorSpec(_Frozen):
    """Names of the graph's only input and of the output that serving reads."""

    pixels: str = "pixels"
    logits: str = "logits"


class ParserTensorSpec(_Frozen):
    """Names of a parser's input and outputs, the same on every server."""

    canvas: str = "canvas"
    labels: str = "labels"
    color: str = "color"
    scores: str = "scores"


class DataSource(_Frozen):
    """One data set or set of weights that went into the network, and its licence."""

    name: str
    role: Literal["training", "initial weights"]
    licence: str
    samples: int | None = Field(default=None, description="pictures trained on")


class Measurement(_Frozen):
    """Accuracy that one command printed: where, how, and the numbers in percent."""

    data: str
    command: str
    date: str
    mean_iou: float = Field(ge=0, le=100)
    pixel_accuracy: float = Field(ge=0, le=100)
    mean_accuracy: float = Field(ge=0, le=100)


class Int8Graph(_Frozen):
    """The same network computing in INT8, which is what a CPU runs where it is there.

    Mean IoU in percent, of `file` and of this graph, over the same annotated photos.
    """

    file: str = Field(default="model.int8.onnx", pattern=FILE_PATTERN)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    judged_on: str = Field(description="the photos")
    mean_iou_before: float = Field(ge=0, le=100)
    mean_iou: float = Field(ge=0, le=100)


class HalfGraph(_Frozen):
    """The same network computing in half precision, which is what a GPU runs where it is there."""

    file: str = Field(default="model.half.onnx", pattern=FILE_PATTERN)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    agreement: float = Field(
        ge=0, le=100, description="percent of the cells of photos with the class that `file` finds"
    )


class KernelGraph(_Frozen):
    """The INT8 graph in operators of `limn.ops.kernels`, which a CPU that has them runs instead."""

    file: str = Field(default="model.kernels.onnx", pattern=FILE_PATTERN)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    agreement: float = Field(
        ge=0, le=100, description="percent of the cells of photos with the class of INT8"
    )


class ModelContract(_Frozen):
    """What `contract.json` holds. Sizes are (height, width) in pixels.

    `canvas` is the uint8 RGB picture that a person crop is fitted to; the network sees it at every
    size of `scales`. `pixels = (canvas / 255 - mean) / std` per channel, in `color_order`, and
    `logits` has one cell per `stride` pixels.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    version: int = Field(ge=1)
    architecture: str = Field(description="config that trained it")
    labels: LabelSpec
    canvas: Size
    fit: Literal["letterbox"] = Field(
        default="letterbox", description="aspect-keeping resize, centred, padded with `fill`"
    )
    fill: tuple[Channel, Channel, Channel] = Field(description="RGB of the padding")
    stride: int = Field(ge=1, le=32, description="input pixels per cell of the logits")
    size_multiple: int = Field(ge=1, le=64, description="every input side is a multiple of this")
    mean: tuple[FiniteFloat, FiniteFloat, FiniteFloat] = Field(
        description="per channel, of pixels in 0 to 1"
    )
    std: tuple[Spread, Spread, Spread]
    color_order: Literal["RGB"] = "RGB"
    tensors: TensorSpec = TensorSpec()
    scales: dict[str, Size] = Field(description="test-time scale -> exact input size")
    precision: Precision = Field(description="number format of the weights in `file`")
    file: str = Field(default="model.onnx", pattern=FILE_PATTERN)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    int8: Int8Graph | None = None
    half: HalfGraph | None = None
    kernels: KernelGraph | None = None
    sources: tuple[DataSource, ...]
    measured: tuple[Measurement, ...] = ()

    @property
    def cpu_file(self) -> str:
        """Name of the graph that any CPU runs."""
        return self.file if self.int8 is None else self.int8.file

    @property
    def gpu_file(self) -> str:
        """Name of the graph that a GPU runs in ONNX Runtime."""
        return self.file if self.half is None else self.half.file

    @model_validator(mode="after")
    def _consistent(self) -> "ModelContract":
        if self.name.endswith((PARSER_SUFFIX, PHOTO_SUFFIX)):
            raise ValueError(f"name: endings {PARSER_SUFFIX} and {PHOTO_SUFFIX} are Limn's own")
        if len(self.labels.classes) != len(self.labels.palette):
            raise ValueError("labels: classes and palette differ in length")
        self.labels.label_set()  # raises ValueError where they are none
        if self.kernels is not None and self.int8 is None:
            raise ValueError("kernels: they are of an INT8 graph, and none is stated")
        if not self.scales:
            raise ValueError("scales: at least one test-time scale is needed")
        if "1" not in self.scales or self.scales["1"] != self.canvas:
            raise ValueError("scales: scale 1 must be there and be the canvas itself")
        for scale, size in self.scales.items():
            if not is_scale(scale):
                raise ValueError(f"scales: {scale[:20]!r} is no number as 0.8 or 1 is written")
            if any(side % self.size_multiple for side in size):
                raise ValueError(
                    f"scales: {scale} is {size[0]}x{size[1]}, not a multiple of"
                    f" {self.size_multiple}"
                )
        return self

    def input_size(self, scale: float) -> Size:
        """Exact network input at `scale`: the contract's own, else the nearest legal size.

        Halfway between two, the larger.
        """
        known = self.scales.get(f"{scale:g}")
        if known is not None:
            return known
        height, width = (
            max(1, math.floor(side * scale / self.size_multiple + 0.5)) * self.size_multiple
            for side in self.canvas
        )
        return height, width


class ParserContract(_Frozen):
    """What the `contract.json` of `<name>_parse` holds: a network with all that surrounds it.

    One graph from `canvas` uint8[B, S_h, S_w, 3] RGB to `labels` uint8[B, S_h, S_w], `color`
    uint8[B, S_h, S_w, 3] RGB and `scores` float16[B, K, h, w], the mean of the probabilities at all
    of `scales`, on the grid of scale 1.
    """

    name: str = Field(pattern=rf"^[a-z][a-z0-9_]{{0,63}}{PARSER_SUFFIX}$")
    version: int = Field(ge=1, description="also of the network")
    labels: LabelSpec
    canvas: Size
    stride: int = Field(ge=1, le=32, description="canvas pixels per cell of the scores")
    scales: dict[str, Size] = Field(description="test-time scales in the graph -> network input")
    tensors: ParserTensorSpec = ParserTensorSpec()
    precision: Precision
    file: str = Field(default="model.onnx", pattern=FILE_PATTERN)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    network_sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the network inside")
    int8: Int8Graph | None = None

    @property
    def cpu_file(self) -> str:
        """Name of the graph that a CPU runs."""
        return self.file if self.int8 is None else self.int8.file

    @property
    def network(self) -> str:
        """Name of the raw network; it has the same version."""
        return self.name.removesuffix(PARSER_SUFFIX)


def is_scale(text: str) -> bool:
    """Whether a text is a positive number, as it is looked up when a client asks for it."""
    try:
        scale = float(text)
    except ValueError:
        return False
    return 0 < scale < math.inf and f"{scale:g}" == text


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


Contract = TypeVar("Contract", ModelContract, ParserContract)
Document = TypeVar("Document", bound=BaseModel)


def read_contract(folder: Path) -> ModelContract:
    """The contract in a network's version folder, with the hashes of its model files checked.

    Raises:
        ContractError: a file is missing, the JSON does not fit the schema, or the hash differs.
    """
    return _read(folder, ModelContract)


def read_parser_contract(folder: Path) -> ParserContract:
    """The same for a version folder of `<name>_parse`."""
    return _read(folder, ParserContract)


def _read(folder: Path, kind: type[Contract]) -> Contract:
    contract = parse_contract(
        folder, kind, "a model contract", ": export the model with `limn export onnx`"
    )
    require_file(folder / contract.file, contract.sha256)
    graphs: list[Int8Graph | HalfGraph | KernelGraph | None] = [contract.int8]
    if isinstance(contract, ModelContract):
        graphs += [contract.half, contract.kernels]
    for graph in graphs:
        if graph is not None:
            require_file(folder / graph.file, graph.sha256)
    return contract


def parse_contract(folder: Path, kind: type[Document], what: str, hint: str = "") -> Document:
    """The JSON document in a folder, of any kind of contract; no hash is checked.

    Args:
        folder: where `contract.json` lies.
        kind: its schema.
        what: what to call it in errors, such as `a model contract`.
        hint: what to say where there is none.

    Raises:
        ContractError: the file is missing or cannot be read, or does not fit the schema.
    """
    path = folder / CONTRACT_FILE
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ContractError(f"{folder} has no {CONTRACT_FILE}{hint}") from None
    except OSError as exc:
        raise ContractError(f"{path} cannot be read: {exc.strerror}") from exc
    except ValidationError as exc:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'contract'}: {fault['msg']}"
            for fault in exc.errors()
        )
        raise ContractError(f"{path} is not {what}: {faults}") from exc


def require_file(model: Path, sha256: str) -> None:
    """ContractError where a model's file is not the one with that hash."""
    if not model.is_file():
        raise ContractError(f"{model.parent} has no {model.name}, which its contract names")
    try:
        found = sha256_of(model)
    except OSError as exc:
        raise ContractError(f"{model} cannot be read: {exc.strerror}") from exc
    if found != sha256:
        raise ContractError(f"{model} is not the file its contract describes: sha256 differs")
