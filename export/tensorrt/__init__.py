"""TensorRT engines from the repository's ONNX graphs."""
