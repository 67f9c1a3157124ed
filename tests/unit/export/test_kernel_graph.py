"""Limn's own operators against ONNX Runtime's, on networks of every shape that they take."""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from export.accuracy import open_session
from export.errors import UnsupportedByKernels
from export.kernel_graph import DOMAIN, VERSION, kernel_graph
from export.operators import operators
from export.packing import PAIR, pack_pointwise
from export.quantize import quantize
from limn.ops import kernels
from tests.fixtures.cpu import by_all_kernels, needs_kernels

LIBRARY = kernels.library()

UINT8, INT8, INT32, FLOAT = (
    TensorProto.UINT8,
    TensorProto.INT8,
    TensorProto.INT32,
    TensorProto.FLOAT,
)


def node_of(
    kind: str, inputs: Iterable[str], output: str, domain: str, stated: Mapping[str, object]
) -> NodeProto:
    node = helper.make_node(kind, [*inputs], [output], output, domain=domain)
    node.attribute.extend(helper.make_attribute(*pair) for pair in stated.items())
    return node


class Network:
    """A network in floats, node by node."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._nodes: list[NodeProto] = []
        self._tensors: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: Sequence[str], **attributes: object) -> str:
        name = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(node_of(kind, inputs, name, "", attributes))
        return name

    def constant(self, values: NDArray[np.generic]) -> str:
        name = f"constant_{len(self._tensors)}"
        self._tensors.append(numpy_helper.from_array(values, name))
        return name

    def convolution(
        self,
        x: str,
        outputs: int,
        inputs: int,
        side: int = 1,
        stride: int = 1,
        dilation: int = 1,
        pads: Sequence[int] = (0, 0, 0, 0),
        group: int = 1,
    ) -> str:
        shape = outputs, inputs // group, side, side
        weights = self._rng.normal(size=shape).astype(np.float32)
        weights /= np.float32(np.sqrt(weights[0].size))
        bias = self._rng.normal(size=outputs).astype(np.float32) / 4
        return self.add(
            "Conv",
            [x, self.constant(weights), self.constant(bias)],
            kernel_shape=[side, side],
            strides=[stride, stride],
            dilations=[dilation, dilation],
            pads=[*pads],
            group=group,
        )

    def quantised(self, answer: str, classes: int, size: tuple[int, int]) -> onnx.ModelProto:
        """INT8, calibrated with what `pixels` gives; the answer is named `logits`."""
        self._nodes.append(helper.make_node("Identity", [answer], ["logits"], "last"))
        graph = helper.make_graph(
            self._nodes,
            "network",
            [helper.make_tensor_value_info("pixels", FLOAT, ["n", 3, "2*h", "2*w"])],
            [helper.make_tensor_value_info("logits", FLOAT, ["n", classes, "y", "x"])],
            self._tensors,
        )
        opsets = [helper.make_opsetid("", 18)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        return quantize(model, [pixels(1, size, seed) for seed in range(2)])


def pixels(batch: int, size: tuple[int, int], seed: int = 3) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(batch, 3, *size)).astype(np.float32)


def both(model: onnx.ModelProto, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """What the graph answers, and what it answers by kernels."""
    changed = kernel_graph(model)
    assert {"Conv", "Resize"}.isdisjoint(operators(changed))
    return [
        session.run(None, {"pixels": values})[0]
        for session in (
            open_session(model.SerializeToString()),
            open_session(changed.SerializeToString(), LIBRARY),
        )
    ]


@by_all_kernels
@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([3, 5]),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2, 3]),
    st.sampled_from([4, 12, 16, 20, 48, 64, 68, 80, 144, 300]),
    st.sampled_from([4, 16, 24, 56, 60, 112, 128]),
    st.tuples(st.integers(5, 14), st.integers(5, 14)),
    st.booleans(),
)
def test_convolutions_and_sums_are_the_same_bit_for_bit(
    side: int,
    stride: int,
    dilation: int,
    wide: int,
    narrow: int,
    cells: tuple[int, int],
    more_before: bool,
) -> None:
    network = Network(seed=wide + narrow)
    size = 2 * cells[0], 2 * cells[1]
    first = network.convolution("pixels", narrow, 3, 3, stride=2, pads=(0, 0, 1, 1))
    first = network.add("Relu", [first])
    reach = dilation * (side - 1)
    before = (reach + 1) // 2 if more_before else reach // 2
    pads = before, before, reach - before, reach - before
    x = network.convolution(first, wide, narrow)
    x = network.add("Relu", [x])
    x = network.convolution(x, wide, wide, side, stride, dilation, pads, group=wide)
    x = network.add("Relu", [x])
    x = network.convolution(x, narrow, wide)
    if stride == 1:
        x = network.add("Add", [first, x])
    model = network.quantised(network.convolution(x, 7, narrow), 7, size)

    theirs, ours = both(model, pixels(2, size))

    assert np.ptp(theirs) > 0.5
    assert np.array_equal(theirs, ours)


@by_all_kernels
def test_each_picture_of_a_batch_is_seen_alone() -> None:
    network = Network(seed=2)
    x = network.convolution("pixels", 16, 3, 3, stride=2, pads=(0, 0, 1, 1))
    x = network.convolution(x, 16, 16, 5, pads=(2, 2, 2, 2), group=16)
    model = network.quantised(network.convolution(x, 5, 16), 5, (16, 24))
    session = open_session(kernel_graph(model).SerializeToString(), LIBRARY)
    three = pixels(3, (16, 24))

    (together,) = session.run(None, {"pixels": three})

    alone = [session.run(None, {"pixels": each[np.newaxis]})[0][0] for each in three]
    assert np.array_equal(together, alone)


def decoder(channels: int, cells: tuple[int, int]) -> onnx.ModelProto:
    """Half the size, and back to where another branch is."""
    network = Network(seed=channels)
    size = 4 * cells[0], 4 * cells[1]
    first = network.convolution("pixels", 16, 3, 3, stride=2, pads=(0, 0, 1, 1))
    lateral = network.convolution(first, channels, 16)
    x = network.convolution(first, 16, 16, 3, stride=2, pads=(0, 0, 1, 1), group=16)
    x = network.convolution(x, channels, 16)
    doubled = network.add(
        "Resize",
        [x, "", network.constant(np.array([1, 1, 2, 2], np.float32))],
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    x = network.add("Add", [doubled, lateral])
    return network.quantised(network.convolution(x, 6, channels), 6, size)


@by_all_kernels
@pytest.mark.parametrize("channels", [4, 16, 48, 64, 96, 128])
@pytest.mark.parametrize("cells", [(2, 3), (7, 5), (12, 16)])
def test_doubling_differs_in_ties_alone(channels: int, cells: tuple[int, int]) -> None:
    model = decoder(channels, cells)

    theirs, ours = both(model, pixels(2, (4 * cells[0], 4 * cells[1])))

    steps = np.unique(theirs)
    step = np.diff(steps).min()
    assert len(steps) > 30
    assert np.abs(theirs - ours).max() < 5 * step
    assert np.mean(theirs != ours) < 0.2


def operator(
    kind: str, inputs: dict[str, NDArray[np.generic]], output: int, stated: Mapping[str, float]
) -> onnx.ModelProto:
    node = node_of(kind, inputs, "y", DOMAIN, stated)
    values = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(value.dtype), [None] * value.ndim
        )
        for name, value in inputs.items()
    ]
    answer = helper.make_tensor_value_info("y", output, None)
    return helper.make_model(
        helper.make_graph([node], "one", values, [answer]),
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid(DOMAIN, VERSION)],
        ir_version=10,
    )


def ran(kind: str, inputs: dict[str, NDArray[np.generic]], **stated: float) -> NDArray[np.generic]:
    model = operator(kind, inputs, UINT8, stated)
    session = open_session(model.SerializeToString(), LIBRARY)
    answer: NDArray[np.generic] = session.run(None, inputs)[0]
    return answer


def weights_of_pairs(rng: np.random.Generator, outputs: int, inputs: int) -> NDArray[np.int8]:
    """Neighbours with as large a sum as there may be, every other pair of one sign."""
    first = rng.integers(1, PAIR, (outputs, inputs // 2))
    pairs = np.stack([first, PAIR - first], axis=2)
    return (
        np.where(rng.random((outputs, inputs // 2, 1)) < 0.5, pairs, -pairs)
        .reshape(outputs, inputs)
        .astype(np.int8)
    )


@by_all_kernels
@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 30),
    st.integers(1, 150),
    st.integers(1, 140),
    st.integers(0, 255),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_products_are_what_their_formula_says(
    pixels: int, groups: int, outputs: int, zero: int, adds: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    weights = weights_of_pairs(rng, outputs, 4 * groups)
    bias = rng.integers(-(2**20), 2**20, outputs, dtype=np.int32)
    factors = rng.random(outputs, dtype=np.float32) / np.float32(100 * 4 * groups)
    x = rng.integers(0, 256, (1, 1, pixels, 4 * groups), dtype=np.uint8)
    x[0, 0, 0] = 255
    other = rng.integers(0, 256, (1, 1, pixels, outputs), dtype=np.uint8)
    packed = pack_pointwise(weights, bias, factors)
    inputs: dict[str, NDArray[np.generic]] = {"x": x, **packed._asdict()}
    stated: dict[str, float] = {"channels": outputs, "zero": zero}
    if adds:
        inputs["other"] = other
        stated |= {"factor": 0.75, "other_factor": 0.5, "offset": 3.25}

    answer = ran("PointwiseAdd" if adds else "Pointwise", inputs, **stated)

    sums = x.astype(np.int64) @ weights.T.astype(np.int64) + bias
    expected = np.clip(np.rint(sums.astype(np.float32) * factors) + zero, 0, 255)
    if adds:
        # Factors of few digits: no product or sum is rounded.
        expected = np.clip(np.rint(expected * 0.75 + other * 0.5 + 3.25), 0, 255)
    assert np.array_equal(answer, expected.astype(np.uint8))


@by_all_kernels
@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from([1, 3, 15, 16, 17, 48, 63, 64, 65, 130]),
    st.integers(0, 255),
    st.floats(-100, 100, width=32),
    st.integers(0, 2**31),
)
def test_doubling_and_adding_is_what_its_formula_says(
    height: int, width: int, channels: int, zero: int, offset: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (2, height, width, channels), dtype=np.uint8)
    other = rng.integers(0, 256, (2, 2 * height, 2 * width, channels), dtype=np.uint8)
    part, factor, other_factor = (np.float32(value) for value in (0.11 / 16, 0.7, 0.4))

    answer = ran(
        "UpsampleAdd",
        {"x": x, "other": other},
        x_zero=zero,
        zero=90,
        sixteenth_factor=float(part),
        factor=float(factor),
        other_factor=float(other_factor),
        offset=float(offset),
    )

    sixteenths = x.astype(np.int64)
    for axis in (1, 2):
        padded = np.concatenate(
            [sixteenths.take([0], axis), sixteenths, sixteenths.take([-1], axis)], axis
        )
        count = sixteenths.shape[axis]
        before, here, after = (padded.take(range(first, first + count), axis) for first in range(3))
        pair = np.stack([3 * here + before, 3 * here + after], axis + 1)
        sixteenths = pair.reshape(*here.shape[:axis], 2 * count, *here.shape[axis + 1 :])
    doubled = np.rint((sixteenths - 16 * zero).astype(np.float32) * part) + 90
    # Each product and sum rounded once, as a fused one is.
    most = (other * np.float64(other_factor) + np.float32(offset)).astype(np.float32)
    total = (np.clip(doubled, 0, 255) * np.float64(factor) + most).astype(np.float32)
    expected = np.clip(np.rint(total), 0, 255)
    assert np.array_equal(answer, expected.astype(np.uint8))


@needs_kernels
@pytest.mark.parametrize(
    ("kind", "inputs", "stated"),
    [
        ("Blocks", [((1, 3, 5, 4), np.float32)], {"scale": 1.0, "zero": 0}),
        ("Blocks", [((1, 4, 4, 4), np.float32)], {"scale": 1.0, "zero": 0}),
        (
            "Pointwise",
            [((1, 2, 2, 8), np.uint8), ((100,), np.int8), ((16,), np.int32), ((16,), np.float32)],
            {"channels": 16, "zero": 0},
        ),
        (
            "Pointwise",
            [((1, 2, 2, 6), np.uint8), ((96,), np.int8), ((16,), np.int32), ((16,), np.float32)],
            {"channels": 16, "zero": 0},
        ),
        (
            "PointwiseAdd",
            [
                ((1, 2, 2, 8), np.uint8),
                ((128,), np.int8),
                ((16,), np.int32),
                ((16,), np.float32),
                ((1, 2, 3, 16), np.uint8),
            ],
            {
                "channels": 16,
                "zero": 0,
                "factor": 1.0,
                "other_factor": 1.0,
                "offset": 0.0,
            },
        ),
        (
            "Depthwise",
            [((1, 2, 2, 64), np.uint8), ((768,), np.int8), ((64,), np.int32), ((64,), np.float32)],
            {
                "kernel": 3,
                "stride": 1,
                "dilation": 1,
                "top": 0,
                "left": 0,
                "bottom": 0,
                "right": 0,
                "x_zero": 0,
                "zero": 0,
            },
        ),
        (
            "UpsampleAdd",
            [((1, 2, 2, 16), np.uint8), ((1, 4, 5, 16), np.uint8)],
            {
                "x_zero": 0,
                "zero": 0,
                "sixteenth_factor": 1.0,
                "factor": 1.0,
                "other_factor": 1.0,
                "offset": 0.0,
            },
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    kind: str,
    inputs: list[tuple[tuple[int, ...], type[np.generic]]],
    stated: dict[str, float],
) -> None:
    values = {f"i{place}": np.zeros(*each) for place, each in enumerate(inputs)}

    with pytest.raises(Exception, match=re.escape(f"limn.{kind}: inputs and attributes do not")):
        ran(kind, values, **stated)


@needs_kernels
def test_an_attribute_that_is_missing_is_named() -> None:
    with pytest.raises(Exception, match="scale"):
        ran("Blocks", {"x": np.zeros((1, 3, 2, 2), np.float32)}, zero=0)


def dense(network: Network, x: str) -> str:
    return network.convolution(x, 8, 16, 3, pads=(1, 1, 1, 1))


def seven(network: Network, x: str) -> str:
    return network.convolution(x, 16, 16, 7, pads=(3, 3, 3, 3), group=16)


def odd_inputs(network: Network, x: str) -> str:
    return network.convolution(network.convolution(x, 6, 16), 8, 6)


def threefold(network: Network, x: str) -> str:
    sizes = network.constant(np.array([1, 1, 3, 3], np.float32))
    x = network.add("Resize", [network.convolution(x, 8, 16), "", sizes], mode="linear")
    return network.convolution(x, 8, 8)


def pooled(network: Network, x: str) -> str:
    return network.convolution(network.add("MaxPool", [x], kernel_shape=[2, 2]), 8, 16)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        (dense, "no convolution"),
        (seven, "no convolution"),
        (odd_inputs, "no convolution"),
        (threefold, "no resize"),
        (pooled, "MaxPool"),
    ],
)
def test_what_there_is_no_operator_for_is_named(part: object, named: str) -> None:
    network = Network(seed=1)
    first = network.convolution("pixels", 16, 3, 3, stride=2, pads=(0, 0, 1, 1))
    assert callable(part)
    model = network.quantised(part(network, first), 8, (16, 16))

    with pytest.raises(UnsupportedByKernels, match=named):
        kernel_graph(model)


def test_weights_that_avx2_would_cut_off_are_refused() -> None:
    network = Network(seed=1)
    first = network.convolution("pixels", 8, 3, 3, stride=2, pads=(0, 0, 1, 1))
    model = network.quantised(network.convolution(first, 8, 8), 8, (16, 16))
    (weights,) = (
        tensor
        for tensor in model.graph.initializer
        if tensor.data_type == INT8 and [*tensor.dims] == [8, 8, 1, 1]
    )
    values = numpy_helper.to_array(weights).copy()
    values[3, 4:6, 0, 0] = 1, -127
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))
    kernel_graph(model)
    values[3, 4:6, 0, 0] = 2, -127
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))

    with pytest.raises(UnsupportedByKernels, match="neighbouring weights sum to 129 where 128"):
        kernel_graph(model)


def test_a_graph_in_floats_is_refused() -> None:
    node = helper.make_node("Conv", ["pixels", "w"], ["logits"], "only")
    weights = numpy_helper.from_array(np.ones((4, 3, 1, 1), np.float32), "w")
    shape = [1, None, None, None]
    graph = helper.make_graph(
        [node],
        "floats",
        [helper.make_tensor_value_info("pixels", FLOAT, shape)],
        [helper.make_tensor_value_info("logits", FLOAT, shape)],
        [weights],
    )

    with pytest.raises(UnsupportedByKernels, match="only"):
        kernel_graph(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]))


def test_without_the_library_onnx_runtime_refuses_the_graph() -> None:
    content = kernel_graph(decoder(16, (3, 3))).SerializeToString()

    with pytest.raises(Exception, match="limn"):
        onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
