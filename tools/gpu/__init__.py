"""What the engine for GPUs is worth on the GPU of a machine."""
