"""CUDA's Multi-Process Service: kernels of several processes side by side instead of in turns.

Source: NVIDIA, "Multi-Process Service" (`nvidia-cuda-mps-control`, its environment variables).
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

CONTROL = "nvidia-cuda-mps-control"


@contextmanager
def mps() -> Iterator[dict[str, str]]:
    """A service of our own, for the processes that have these variables; ended with the block.

    It changes nothing of the GPU's settings.
    """
    with TemporaryDirectory() as pipes, TemporaryDirectory() as logs:
        variables = {"CUDA_MPS_PIPE_DIRECTORY": pipes, "CUDA_MPS_LOG_DIRECTORY": logs}
        everything = os.environ | variables
        subprocess.run([CONTROL, "-d"], env=everything, check=True)  # noqa: S603 - a name of ours
        try:
            yield variables
        finally:
            subprocess.run([CONTROL], input=b"quit\n", env=everything, check=True)  # noqa: S603
