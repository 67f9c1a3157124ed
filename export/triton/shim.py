"""A Triton model that runs the ONNX graph beside it, for servers with no backend but Python.

Names, shapes, data types and batches are those of the ONNX Runtime backend, so that clients cannot
tell. Triton's stub runs this as `model.py`, with NumPy 1 and none of our packages at hand. Source:
triton-inference-server/python_backend, "Usage" and "Error Handling".
"""

import json
from pathlib import Path

import onnxruntime
import triton_python_backend_utils as triton


class TritonPythonModel:
    """One instance, one thread: as many instances as there are cores share them best."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the graph of this version; an error here makes the model unavailable."""
        folder = Path(args["model_repository"]) / args["model_version"]
        contract = json.loads((folder / "contract.json").read_bytes())
        # Where there is a graph in INT8, it is the one for CPUs.
        graph = (contract.get("int8") or contract)["file"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(folder / graph), options, providers=["CPUExecutionProvider"]
        )
        self.input = self.session.get_inputs()[0].name

    def execute(
        self, requests: "list[triton.InferenceRequest]"
    ) -> "list[triton.InferenceResponse]":
        """Answer each request of a batch by itself.

        On one core a batch takes no less time than its items one by one, and so a request that
        fails takes no other with it.
        """
        return [self._answer(request) for request in requests]

    def _answer(self, request: "triton.InferenceRequest") -> "triton.InferenceResponse":
        names = list(request.requested_output_names())
        pixels = triton.get_input_tensor_by_name(request, self.input).as_numpy()
        try:
            outputs = self.session.run(names, {self.input: pixels})
        except Exception as error:  # ONNX Runtime has no base class of its own.
            return triton.InferenceResponse(error=triton.TritonError(str(error)))
        tensors = [triton.Tensor(name, output) for name, output in zip(names, outputs, strict=True)]
        return triton.InferenceResponse(tensors)
