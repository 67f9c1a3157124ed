"""The configuration itself, its numbers worked out by hand from the contract."""

import pytest

from export.errors import RepositoryError
from export.triton.config import Platform, Target, model_config, parse, render, target_of
from export.triton.interface import interface
from limn.contract import ParserContract
from tests.fixtures.models import contract

CONTRACT = contract()
PARSER = ParserContract(
    name="baseline_parse",
    version=1,
    labels=CONTRACT.labels,
    canvas=(384, 256),
    stride=2,
    scales=CONTRACT.scales,
    precision="fp32",
    sha256="1" * 64,
    network_sha256="0" * 64,
)

NETWORK_HEAD = """\
# Written by `limn repository build` from contract.json.
name: "baseline"
version_policy {
  specific {
    versions: 3
  }
}
max_batch_size: 8
input {
  name: "pixels"
  data_type: TYPE_FP32
  dims: 3
  dims: -1
  dims: -1
}
output {
  name: "logits"
  data_type: TYPE_FP32
  dims: 20
  dims: -1
  dims: -1
  label_filename: "labels.txt"
}
instance_group {
  count: 1
}
default_model_filename: "model.onnx"
dynamic_batching {
  preferred_batch_size: 4
  preferred_batch_size: 8
  max_queue_delay_microseconds: 1000
}
model_warmup {
  name: "3x304x208, batch 1"
"""


def target(platform: Platform) -> Target:
    return Target(platform, instances=6, response_cache=False)


def test_network_for_onnx_runtime() -> None:
    config = model_config("baseline", 3, interface(CONTRACT), target("onnxruntime"))

    assert render(config).startswith(NETWORK_HEAD)
    assert [
        (tuple(each.inputs["pixels"].dims), each.batch_size) for each in config.model_warmup
    ] == [
        ((3, 304, 208), 1),
        ((3, 304, 208), 8),
        ((3, 384, 256), 1),
        ((3, 384, 256), 8),
        ((3, 464, 304), 1),
        ((3, 464, 304), 8),
    ]
    assert not config.response_cache.enable


def test_parser_has_the_sizes_of_its_canvas() -> None:
    config = model_config("baseline_parse", 1, interface(PARSER), target("onnxruntime"))

    assert [(each.name, each.data_type, list(each.dims)) for each in config.input] == [
        ("canvas", 2, [384, 256, 3])
    ]
    # 2 is TYPE_UINT8, 10 is TYPE_FP16; the grid is the canvas over a stride of 2.
    assert [(each.name, each.data_type, list(each.dims)) for each in config.output] == [
        ("labels", 2, [384, 256]),
        ("color", 2, [384, 256, 3]),
        ("scores", 10, [20, 192, 128]),
    ]
    assert [each.batch_size for each in config.model_warmup] == [1, 8]


def test_python_has_an_instance_per_core_and_makes_nobody_wait() -> None:
    config = model_config("baseline", 1, interface(CONTRACT), target("python"))

    assert config.default_model_filename == "model.py"
    assert (config.instance_group[0].count, config.instance_group[0].kind) == (6, 2)  # KIND_CPU
    assert config.dynamic_batching.max_queue_delay_microseconds == 0


def test_tensorrt_loads_the_engine() -> None:
    config = model_config("baseline", 1, interface(CONTRACT), target("tensorrt"))

    assert (config.backend, config.default_model_filename) == ("tensorrt", "model.plan")


def test_two_scales_of_one_size_are_warmed_up_once() -> None:
    twins = contract(scales={"1": (384, 256), "1.01": (384, 256)})

    config = model_config("baseline", 1, interface(twins), target("onnxruntime"))

    assert len(config.model_warmup) == 2


@pytest.mark.parametrize("response_cache", [False, True])
def test_what_it_was_written_for_can_be_read_again(response_cache: bool) -> None:
    asked = Target("python", 6, response_cache)

    text = render(model_config("baseline", 1, interface(CONTRACT), asked))

    assert target_of(parse(text), instances=6) == asked


def test_text_that_breaks_the_schema_is_refused() -> None:
    with pytest.raises(RepositoryError, match=r"not a Triton model configuration.*max_batch"):
        parse('name: "a"\nmax_batch: 8\n')
