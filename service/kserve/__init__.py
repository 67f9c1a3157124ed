"""The Open Inference Protocol v2, which is also called KServe v2, over HTTP and gRPC."""
