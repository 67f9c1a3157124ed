"""What the protocol tells of the server and its models, as JSON; gRPC sends the same members."""

from collections.abc import Sequence
from typing import Any

import limn
from service.kserve.model import ModelSpec
from service.kserve.tensors import Datatype, TensorSpec

EXTENSIONS = ("binary_tensor_data", "model_configuration", "parameters", "statistics")
PLATFORM = "limn"

_CONFIG_TYPES: dict[Datatype, str] = {
    "BYTES": "TYPE_STRING",
    "FP16": "TYPE_FP16",
    "FP32": "TYPE_FP32",
    "UINT8": "TYPE_UINT8",
}


def server_metadata() -> dict[str, Any]:
    return {"name": "limn", "version": limn.__version__, "extensions": list(EXTENSIONS)}


def model_metadata(spec: ModelSpec, versions: Sequence[int]) -> dict[str, Any]:
    return {
        "name": spec.name,
        "versions": [str(version) for version in versions],
        "platform": PLATFORM,
        "inputs": [_metadata(tensor) for tensor in spec.inputs],
        "outputs": [_metadata(tensor) for tensor in spec.outputs],
    }


def model_config(spec: ModelSpec) -> dict[str, Any]:
    """Members of Triton's `ModelConfig`; as there, `dims` are without the batch."""
    return {
        "name": spec.name,
        "platform": PLATFORM,
        "max_batch_size": spec.max_batch,
        "input": [_config(tensor, spec) for tensor in spec.inputs],
        "output": [_config(tensor, spec) for tensor in spec.outputs],
    }


def index_entry(spec: ModelSpec, ready: bool) -> dict[str, Any]:
    """An entry of the repository index."""
    state = "READY" if ready else "UNAVAILABLE"
    return {"name": spec.name, "version": str(spec.version), "state": state}


def _metadata(tensor: TensorSpec) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def _config(tensor: TensorSpec, spec: ModelSpec) -> dict[str, Any]:
    dims = tensor.shape[1:] if spec.max_batch else tensor.shape
    return {
        "name": tensor.name,
        "data_type": _CONFIG_TYPES[tensor.datatype],
        "dims": list(dims),
    }
