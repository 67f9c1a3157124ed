"""The model repository as Triton reads it, and a Triton on this machine to test it with."""
