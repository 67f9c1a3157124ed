"""The way to TensorRT, up to TensorRT itself, which no test machine has.

What stands in for it, as a module and as ONNX Runtime's provider, records what its documentation
describes; no engine was built.
"""

import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper
from typer.testing import CliRunner

import export.tensorrt.build
import export.tensorrt.provider
from cli.main import app
from export.errors import TensorRtFailed, TensorRtUnavailable, UnsupportedByTensorRt
from export.tensorrt.build import build_engine
from export.tensorrt.provider import PROVIDER
from export.triton.interface import Interface, interface
from limn.contract import read_contract
from tests.fixtures.models import write_model

SHIPPED = Path(__file__).parents[3] / "model_repository"


class Recorder(ModuleType):
    """`tensorrt` as far as it is used: version 10's Builder, OnnxParser and IBuilderConfig."""

    MemoryPoolType = SimpleNamespace(WORKSPACE="workspace")
    BuilderFlag = SimpleNamespace(FP16="fp16")

    def __init__(self, version: str = "10.16.1", takes: bool = True, builds: bool = True) -> None:
        super().__init__("tensorrt")
        self.__version__ = version
        self.takes, self.builds = takes, builds
        self.graphs: list[bytes] = []
        self.shapes: list[tuple[Any, ...]] = []
        self.flags: list[str] = []
        self.known: list[bytes] = []

    class Logger:
        WARNING = "warning"

        def __init__(self, least: str) -> None: ...

    def OnnxParser(self, network: object, logger: object) -> object:  # noqa: N802
        def parse(graph: bytes) -> bool:
            self.graphs.append(graph)
            return self.takes

        fault = SimpleNamespace(desc=lambda: "node 3: no")
        return SimpleNamespace(parse=parse, num_errors=1, get_error=lambda index: fault)

    def Builder(self, logger: object) -> object:  # noqa: N802
        timing = SimpleNamespace(serialize=lambda: b"measured")

        def create_timing_cache(known: bytes) -> object:
            self.known.append(known)
            return timing

        config = SimpleNamespace(
            set_memory_pool_limit=lambda pool, size: None,
            set_flag=self.flags.append,
            add_optimization_profile=lambda profile: None,
            create_timing_cache=create_timing_cache,
            set_timing_cache=lambda cache, ignore_mismatch: None,
        )
        profile = SimpleNamespace(set_shape=lambda *shape: self.shapes.append(shape))
        return SimpleNamespace(
            create_network=lambda flags: object(),
            create_builder_config=lambda: config,
            create_optimization_profile=lambda: profile,
            build_serialized_network=lambda network, config: b"engine" if self.builds else None,
        )


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export.tensorrt.build, "_gpu", lambda: "nvidia-h100-9.0")


@pytest.fixture
def model(tmp_path: Path) -> tuple[Path, Interface]:
    folder = write_model(tmp_path / "models")
    return folder, interface(read_contract(folder))


def install(monkeypatch: pytest.MonkeyPatch, trt: ModuleType | None) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", trt)


def test_engine_has_a_profile_for_every_size_and_batch(
    model: tuple[Path, Interface], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: None
) -> None:
    trt = Recorder()
    install(monkeypatch, trt)
    folder, seen = model

    engine = build_engine(folder, seen, tmp_path / "cache", "fp16")

    assert engine.built
    assert engine.file.read_bytes() == b"engine"
    assert trt.graphs == [(folder / "model.onnx").read_bytes()]
    assert trt.flags == ["fp16"]
    sizes = [(3, 304, 208), (3, 384, 256), (3, 464, 304)]
    assert sorted(trt.shapes) == sorted(
        ("pixels", (1, *size), (batch, *size), (batch, *size))
        for size in sizes
        for batch in (1, 4, 8)
    )


def test_engine_is_kept_by_gpu_version_and_graph(
    model: tuple[Path, Interface], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: None
) -> None:
    trt = Recorder()
    install(monkeypatch, trt)
    cache = tmp_path / "cache"

    first = build_engine(*model, cache, "fp16")
    again = build_engine(*model, cache, "fp16")
    whole = build_engine(*model, cache, "fp32")
    newer = Recorder("10.17.0")
    install(monkeypatch, newer)
    other = build_engine(*model, cache, "fp16")

    assert [engine.built for engine in (first, again, whole, other)] == [True, False, True, True]
    assert first.target == "nvidia-h100-9.0-tensorrt-10.16.1"
    # The second build starts from what the first one measured; another version measures anew.
    assert trt.known == [b"", b"measured"]
    assert newer.known == [b""]


def test_graph_that_tensorrt_refuses_is_told_with_its_reason(
    model: tuple[Path, Interface], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: None
) -> None:
    install(monkeypatch, Recorder(takes=False))
    with pytest.raises(TensorRtFailed, match="node 3: no"):
        build_engine(*model, tmp_path, "fp16")

    install(monkeypatch, Recorder(builds=False))
    with pytest.raises(TensorRtFailed, match="built no engine"):
        build_engine(*model, tmp_path, "fp16")

    assert not (model[0] / "model.plan").exists()


def test_operator_that_tensorrt_has_not_is_found_before(
    model: tuple[Path, Interface], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: None
) -> None:
    install(monkeypatch, Recorder())
    node = helper.make_node("NonZero", ["pixels"], ["logits"])
    graph = helper.make_graph(
        [node],
        "odd",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("logits", TensorProto.INT64, [1, 1])],
    )
    onnx.save_model(helper.make_model(graph), model[0] / "model.onnx")

    with pytest.raises(UnsupportedByTensorRt, match="operators that TensorRT has not: NonZero"):
        build_engine(*model, tmp_path, "fp16")


class Provider:
    """ONNX Runtime with its TensorRT provider; opening a session writes a context model."""

    def __init__(self, *nodes: onnx.NodeProto, refuses: bool = False) -> None:
        self.nodes = nodes
        self.refuses = refuses
        self.opened: list[tuple[bytes, dict[str, str]]] = []

    def get_available_providers(self) -> list[str]:
        return [PROVIDER, "CPUExecutionProvider"]

    def InferenceSession(  # noqa: N802
        self, graph: bytes, providers: list[tuple[str, dict[str, str]]]
    ) -> None:
        ((name, options),) = providers
        assert name == PROVIDER
        self.opened.append((graph, options))
        if self.refuses:
            raise RuntimeError("no kernel for node 3")
        if self.nodes:
            compiled = helper.make_model(helper.make_graph(self.nodes, "compiled", [], []))
            onnx.save_model(compiled, options["trt_ep_context_file_path"])

    def CDLL(self, library: str) -> object:  # noqa: N802
        assert library == "libnvinfer.so.10"
        return SimpleNamespace(getInferLibVersion=lambda: 101601)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        install(monkeypatch, None)
        monkeypatch.setattr(export.tensorrt.provider, "onnxruntime", self)
        monkeypatch.setattr(export.tensorrt.provider, "ctypes", self)


def context(engine: bytes) -> onnx.NodeProto:
    return helper.make_node(
        "EPContext", ["pixels"], ["logits"], embed_mode=1, ep_cache_context=engine
    )


def test_provider_of_onnx_runtime_does_where_the_module_is_missing(
    model: tuple[Path, Interface], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: None
) -> None:
    provider = Provider(context(b"engine"))
    provider.install(monkeypatch)
    folder, seen = model

    first = build_engine(folder, seen, tmp_path / "cache", "fp16")
    again = build_engine(folder, seen, tmp_path / "cache", "fp16")

    assert (first.built, again.built) == (True, False)
    assert first.file.read_bytes() == b"engine"
    assert first.target == "nvidia-h100-9.0-tensorrt-10.16.1"
    ((graph, options),) = provider.opened
    assert graph == (folder / "model.onnx").read_bytes()
    assert options["trt_fp16_enable"] == "1"
    assert options["trt_timing_cache_path"] == str(tmp_path / "cache" / first.target)
    sizes = ("3x304x208", "3x384x256", "3x464x304")
    assert options["trt_profile_min_shapes"].split(",") == [
        f"pixels:1x{size}" for size in sizes for _ in (1, 4, 8)
    ]
    most = [f"pixels:{batch}x{size}" for size in sizes for batch in (1, 4, 8)]
    assert options["trt_profile_opt_shapes"].split(",") == most
    assert options["trt_profile_max_shapes"].split(",") == most


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        (Provider(refuses=True), "no kernel for node 3"),
        (Provider(), "left the whole graph to other providers"),
        (
            Provider(helper.make_node("Cast", ["a"], ["b"], to=1), context(b"engine")),
            "in parts; beside them stay: Cast",
        ),
        (Provider(context(b"one"), context(b"two")), "more than one"),
        (Provider(context(b"")), "no engine"),
    ],
)
def test_provider_that_compiles_less_than_the_graph_is_told(
    provider: Provider,
    message: str,
    model: tuple[Path, Interface],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gpu: None,
) -> None:
    provider.install(monkeypatch)

    with pytest.raises(TensorRtFailed, match=message):
        build_engine(*model, tmp_path / "cache", "fp32")

    assert not (model[0] / "model.plan").exists()


@pytest.mark.parametrize(
    ("installed", "message"),
    [
        (None, "`tensorrt` is not installed; ONNX Runtime is built without its TensorRT provider"),
        (Recorder("11.0.1"), "TensorRT 11.0.1 is installed"),
    ],
)
def test_machine_without_tensorrt_is_told_what_it_lacks(
    installed: ModuleType | None,
    message: str,
    model: tuple[Path, Interface],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, installed)

    with pytest.raises(TensorRtUnavailable, match=message):
        build_engine(*model, tmp_path, "fp16")


def test_machine_without_a_gpu_is_told_so(
    model: tuple[Path, Interface], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Recorder())
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(TensorRtUnavailable, match="no NVIDIA GPU"):
        build_engine(*model, tmp_path, "fp16")


def test_command_builds_network_and_parser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: None
) -> None:
    install(monkeypatch, Recorder())
    for name in ("mman", "mman_parse"):
        shutil.copytree(SHIPPED / name, tmp_path / "models" / name)
    arguments = ["export", "tensorrt", "mman", "--repository", str(tmp_path / "models")]

    result = CliRunner().invoke(app, [*arguments, "--cache", str(tmp_path / "cache")])

    assert result.exit_code == 0, result.output
    for name in ("mman", "mman_parse"):
        assert (tmp_path / "models" / name / "1/model.plan").read_bytes() == b"engine"
