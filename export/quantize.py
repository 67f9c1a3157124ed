"""INT8 by ONNX Runtime's static quantisation: QDQ nodes, per channel, calibrated on real pictures.

Activations are UINT8 with a zero point, which a CPU multiplies fastest; TensorRT wants them signed
and centred, so these graphs are for ONNX Runtime.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.fold import fold_norms

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
        onnx.save_model(fold_norms(onnx.load_model(folded)), folded)
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
        )
        quantised = onnx.load_model(small)
    for part in (quantised, quantised.graph, *quantised.graph.node):
        part.ClearField("metadata_props")
    onnx.checker.check_model(quantised, full_check=True)
    return quantised
