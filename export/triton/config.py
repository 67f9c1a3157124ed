"""The `config.pbtxt` of a model: Triton's model configuration, from its interface.

Source: triton-inference-server/common, protobuf/model_config.proto, and the server's page "Model
Configuration".
"""

from dataclasses import dataclass
from typing import Literal

from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig, ModelInstanceGroup

from export.errors import RepositoryError
from export.triton.interface import Interface, Tensor
from export.triton.profiles import profiles

CONFIG_FILE = "config.pbtxt"
LABELS_FILE = "labels.txt"

Platform = Literal["onnxruntime", "tensorrt", "python"]
PLATFORMS: tuple[Platform, ...] = ("onnxruntime", "tensorrt", "python")

MAX_BATCH = 8
PREFERRED_BATCHES = (4, 8)
WARM_BATCHES = (1, MAX_BATCH)

_QUEUE_DELAY_US = 1000
"""How long a GPU waits for company: a fraction of what a batch takes."""

_HEAD = "# Written by `limn repository build` from contract.json.\n"

ENGINE_FILE = "model.plan"
SHIM_FILE = "model.py"


@dataclass(frozen=True)
class Target:
    """The server that a repository is written for.

    Attributes:
        platform: Triton's backend.
        instances: of every model, for `python` alone; elsewhere the server chooses the device.
        response_cache: whether equal requests may be answered from the server's cache.
    """

    platform: Platform
    instances: int
    response_cache: bool


def model_config(name: str, version: int, seen: Interface, target: Target) -> ModelConfig:
    """The configuration of one model, of which one version is served.

    Only that one is loaded: a configuration holds for all versions, and their contracts differ.
    """
    config = ModelConfig(name=name, backend=target.platform, max_batch_size=MAX_BATCH)
    config.default_model_filename = model_file(seen, target.platform)
    config.version_policy.specific.versions.append(version)
    config.input.add(**_stated(seen.input))
    for tensor in seen.outputs:
        config.output.add(**_stated(tensor))
        if tensor.name == seen.scores:
            config.output[-1].label_filename = LABELS_FILE
    config.dynamic_batching.preferred_batch_size.extend(PREFERRED_BATCHES)
    if target.platform == "python":
        # A core gains nothing by a batch, so no request waits for another while one is idle.
        config.instance_group.add(kind=ModelInstanceGroup.KIND_CPU, count=target.instances)
    else:
        config.instance_group.add(kind=ModelInstanceGroup.KIND_AUTO, count=1)
        if target.platform == "tensorrt":
            # All that the engine was built with; Triton takes the one nearest to a batch.
            count = len(profiles(seen.shapes))
            config.instance_group[0].profile.extend(map(str, range(count)))
        config.dynamic_batching.max_queue_delay_microseconds = _QUEUE_DELAY_US
    for shape in seen.shapes:
        for batch in WARM_BATCHES:
            _warm_up(config, seen.input, shape, batch)
    if target.response_cache:
        config.response_cache.enable = True
    return config


def model_file(seen: Interface, platform: Platform) -> str:
    """Name of the file in a version folder that the backend loads."""
    return {"onnxruntime": seen.file, "tensorrt": ENGINE_FILE, "python": SHIM_FILE}[platform]


def render(config: ModelConfig) -> str:
    """Text of `config.pbtxt`, the same for the same configuration."""
    return _HEAD + str(text_format.MessageToString(config))


def parse(text: str) -> ModelConfig:
    """The configuration in a text; RepositoryError where it breaks model_config.proto."""
    try:
        return text_format.Parse(text, ModelConfig())
    except text_format.ParseError as error:
        raise RepositoryError(f"not a Triton model configuration: {error}") from error


def target_of(config: ModelConfig, instances: int) -> Target:
    """What a configuration was written for; RepositoryError for a backend that is not ours."""
    for platform in PLATFORMS:
        if config.backend == platform:
            return Target(platform, instances, config.response_cache.enable)
    raise RepositoryError(f"backend {config.backend!r} is none of: {', '.join(PLATFORMS)}")


def _stated(tensor: Tensor) -> dict[str, object]:
    data_type = DataType.Value(tensor.data_type)
    return {"name": tensor.name, "data_type": data_type, "dims": tensor.dims}


def _warm_up(config: ModelConfig, tensor: Tensor, shape: tuple[int, ...], batch: int) -> None:
    title = f"{'x'.join(map(str, shape))}, batch {batch}"
    warmup = config.model_warmup.add(name=title, batch_size=batch)
    zeros = warmup.inputs[tensor.name]
    zeros.data_type = DataType.Value(tensor.data_type)
    zeros.dims.extend(shape)
    zeros.zero_data = True
