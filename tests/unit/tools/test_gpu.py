"""What `tools.gpu` makes of graphs and traces; the measuring itself needs a GPU."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from limn.geometry import Region
from limn.ops.choose_cuda import CudaChooser
from limn.ops.device import Device
from loadtests.report import table
from tests.fixtures.cuda import cuda_core, needs_c_compiler
from tools.gpu import choosing
from tools.gpu.ceilings import Ceilings
from tools.gpu.choosing import Choosing
from tools.gpu.page import Measured, document, page
from tools.gpu.served import Level, Served
from tools.gpu.speed import Speed
from tools.gpu.trace import Idleness, Span, idleness, kind_of
from tools.gpu.work import flops


def graph(*nodes: onnx.NodeProto, weights: dict[str, tuple[int, ...]]) -> onnx.ModelProto:
    """Nodes from `x`, any size of 4 channels, to `y`."""
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", 4, "H", "W"])
        if name == "x"
        else helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in ("x", "y")
    ]
    tensors = [
        onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name)
        for name, shape in weights.items()
    ]
    body = helper.make_graph(nodes, "g", values[:1], values[1:], tensors)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)])


def test_work_is_that_of_all_convolutions(tmp_path: Path) -> None:
    """8x6 pixels: 3x3 of 4 to 10 channels, then 10 channels each by themselves at half the size."""
    model = graph(
        helper.make_node("Conv", ["x", "a"], ["h"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Conv", ["r", "b"], ["y"], group=10, strides=[2, 2], pads=[1, 1, 1, 1]),
        weights={"a": (10, 4, 3, 3), "b": (10, 1, 3, 3)},
    )
    onnx.save(model, tmp_path / "model.onnx")

    found = flops(tmp_path / "model.onnx", (2, 4, 8, 6))

    assert found == 2 * (2 * 10 * 8 * 6) * (4 * 9) + 2 * (2 * 10 * 4 * 3) * 9


def test_transposed_convolution_is_counted_by_its_input(tmp_path: Path) -> None:
    model = graph(
        helper.make_node("ConvTranspose", ["x", "a"], ["y"], strides=[2, 2]),
        weights={"a": (4, 5, 2, 2)},
    )
    onnx.save(model, tmp_path / "model.onnx")

    assert flops(tmp_path / "model.onnx", (1, 4, 3, 3)) == 2 * (4 * 3 * 3) * (5 * 2 * 2)


def test_operator_that_is_not_known_is_refused(tmp_path: Path) -> None:
    model = graph(helper.make_node("MatMul", ["x", "a"], ["y"]), weights={"a": (3, 3)})
    onnx.save(model, tmp_path / "model.onnx")

    with pytest.raises(ValueError, match="MatMul is not counted"):
        flops(tmp_path / "model.onnx", (1, 4, 3, 3))


def test_time_without_kernels_is_idle_and_overlaps_count_once() -> None:
    spans = [Span("a", 0, 10), Span("b", 5, 12), Span("c", 14, 20), Span("d", 15, 16)]

    found = idleness(spans)

    assert found == Idleness(busy_share=18 / 20, longest_us=2, spans=4)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Memcpy HtoD (Pinned -> Device)", "copy"),
        ("sm90_xmma_fprop_implicit_gemm_f16f16", "convolution"),
        ("void at::native::upsample_bilinear2d_out_frame", "resize, softmax"),
        ("void at::native::vectorized_elementwise_kernel", "other kernels"),
    ],
)
def test_kernels_are_told_apart_by_name(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_page_states_shares_of_the_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "some GPU")
    speed = Speed(batch=4, latency_ms=2.0, per_second=1000.0)
    idle = Idleness(busy_share=0.9, longest_us=12, spans=345)
    chosen = Choosing(on_gpu_ms=0.12, copied_ms=0.34, on_cpu_ms=0.56)
    measured = Measured("mman", "model.half.onnx", 10**11, [speed], 16, idle, chosen)
    answered = [Served("a", "MPS", 2, 7.0, [Level(2, 8, 321.0, 20.0, 30.0, 5.5)])]

    text = page("the command", document(Ceilings(800.0, 4000.0), [measured], answered), "gpu")

    heads = ["batch", "ms of a batch alone", "canvases/s", "TFLOP/s", "of the ceiling"]
    assert table(heads, [["4", "2.00", "1,000", "100.0", "12.5%"]], words=0) in text
    assert "busy for 90.0% of the time; the longest gap was 12 µs" in text
    assert "in 0.12 ms, the label map's way to the host included" in text
    assert "one core in 0.56 ms, once scores were copied in 0.34 ms" in text
    assert "| MPS | 2 | 8 | 321 | 20.0 | 30.0 | 5.5 |" in text


@needs_c_compiler
def test_choosing_is_timed_where_both_ways_choose_the_same(tmp_path: Path) -> None:
    device = Device("cpu")
    scores = torch.rand((4, 6, 5), generator=torch.Generator().manual_seed(0))
    with cuda_core(tmp_path):
        chooser = CudaChooser(device)

    found = choosing.measure(device, chooser, scores, (60, 50), Region(0, 0, 6, 5))

    assert min(found) > 0


@needs_c_compiler
def test_ways_that_choose_otherwise_are_not_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device("cpu")
    with cuda_core(tmp_path):
        chooser = CudaChooser(device)
    monkeypatch.setattr(choosing, "upsample_and_choose", lambda *_: np.ones((60, 50), np.uint8))

    with pytest.raises(ValueError, match="other classes"):
        choosing.measure(device, chooser, torch.zeros((4, 6, 5)), (60, 50), Region(0, 0, 6, 5))
