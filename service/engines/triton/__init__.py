"""The Triton engine: networks run in an NVIDIA Triton Inference Server, reached by gRPC."""
