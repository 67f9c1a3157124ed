"""Memory that every photo needs is not taken from the kernel anew; in a process of its own."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import numpy as np
from service import heap

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def photos(count):
    for _ in range(count):
        views = [np.ones((20, side, side), np.float32) for side in (104, 128, 152)]

if sys.argv[1] == "kept":
    heap.keep_small(2)
photos(3)
before = faults()
photos(20)
print(faults() - before)
"""


def faults_of(case: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, case],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        # What the allocator does by itself depends on what it was asked for before.
        env={"MALLOC_MMAP_THRESHOLD_": "131072"} if case == "given back" else {},
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of glibc")
def test_scores_of_a_photo_take_no_new_pages() -> None:
    # 4 MB per photo are a thousand pages.
    assert faults_of("given back") > 10_000
    assert faults_of("kept") < 2_000
