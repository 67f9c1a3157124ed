"""INT8 by ONNX Runtime's static quantisation: QDQ nodes, per channel, calibrated on real pictures.

Activations are UINT8 with a zero point, which a CPU multiplies fastest; TensorRT wants them signed
and centred, so these graphs are for ONNX Runtime.

A CPU without VNNI adds the products of two neighbours in 16 bits (`VPMADDUBSW`), and what is larger
is cut off: 1.5 points of mIoU for the light generator. So no two neighbours among the weights may
sum to more than 128 (`export.packing.PAIR`): 128 x 255 fits. Half the range for all weights
(`reduce_range`) does it too, and costs 0.3 points; channels need 1.4 times their range on the mean.

Source: ONNX Runtime, "Quantize ONNX models" (U8S8 on AVX2 and AVX512); Intel SDM, VPMADDUBSW.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.fold import fold_norms
from export.stem import blocks_first

_SMALLEST = 1e-8
"""Of a range: a channel may have no weights but 0."""

QUANTISED = ("Add", "Clip", "Concat", "Conv", "GlobalAveragePool", "MaxPool", "Relu", "Resize")


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Inputs one by one, as the calibration asks for them."""

    def __init__(self, name: str, inputs: Iterable[NDArray[np.generic]]) -> None:
        self._inputs: Iterator[NDArray[np.generic]] = iter(inputs)
        self._name = name

    def get_next(self) -> dict[str, NDArray[np.generic]] | None:
        found = next(self._inputs, None)
        return None if found is None else {self._name: found}


def quantize(model: onnx.ModelProto, inputs: Iterable[NDArray[np.generic]]) -> onnx.ModelProto:
    """A copy whose convolutions, and what lies between them, compute in INT8.

    Args:
        model: fp32, with one input.
        inputs: what to calibrate with, each a batch of that input.
    """
    with TemporaryDirectory() as place:
        whole, folded, small = (Path(place) / f"{name}.onnx" for name in "abc")
        onnx.save_model(model, whole)
        # Batch norm goes into the convolution before it; the names of nodes that stay are kept.
        quant_pre_process(whole, folded, skip_symbolic_shape=True)
        onnx.save_model(blocks_first(fold_norms(onnx.load_model(folded))), folded)
        quantize_static(
            folded,
            small,
            _Reader(model.graph.input[0].name, inputs),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTISED),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"TensorQuantOverrides": _weight_ranges(onnx.load_model(folded))},
        )
        quantised = onnx.load_model(small)
    for part in (quantised, quantised.graph, *quantised.graph.node):
        part.ClearField("metadata_props")
    onnx.checker.check_model(quantised, full_check=True)
    return quantised


def _weight_ranges(model: onnx.ModelProto) -> dict[str, list[dict[str, object]]]:
    """For every dense convolution's weights, their range by output channel.

    Depthwise ones are multiplied in 32 bits everywhere.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    ranges: dict[str, list[dict[str, object]]] = {}
    for node in model.graph.node:
        if node.op_type != "Conv" or not is_dense(node):
            continue
        # Such a sum becomes 127, and rounding two weights adds 1 at most.
        most = _pair_sums(numpy_helper.to_array(weights[node.input[1]]))
        ranges[node.input[1]] = [
            {
                "quant_type": QuantType.QInt8,
                "axis": 0,
                "symmetric": True,
                "rmin": np.float32(-one),
                "rmax": np.float32(one),
            }
            for one in np.maximum(most, _SMALLEST)
        ]
    return ranges


def is_dense(convolution: onnx.NodeProto) -> bool:
    """Whether every output channel sees all input channels."""
    groups = [each.i for each in convolution.attribute if each.name == "group"]
    return groups in ([], [1])


def _pair_sums(weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Largest sum of two neighbours' absolute weights, by output channel of [M, C, h, w].

    They are multiplied pixel by pixel of the kernel, the channels of one next to each other; where
    those are no multiple of four, they may be filled up or followed by the next pixel's.
    """
    pixels = np.abs(weights.astype(np.float64)).transpose(0, 2, 3, 1)
    filled = np.pad(pixels, ((0, 0), (0, 0), (0, 0), (0, -pixels.shape[3] % 4)))
    rows = (pixels.reshape(len(pixels), -1), filled.reshape(len(pixels), -1))
    largest: NDArray[np.float64] = np.maximum(*map(_neighbours, rows))
    return largest


def _neighbours(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[M, n] to the largest sum of the first and second, third and fourth, and so on."""
    even = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))
    largest: NDArray[np.float64] = even.reshape(len(even), -1, 2).sum(axis=2).max(axis=1)
    return largest
