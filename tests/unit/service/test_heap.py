"""What is kept of freed memory, and what is not; in a process of its own."""

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


SCATTERED = """
import anyio
from service import heap

def resident_mb():
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024

heap.keep_small(2)
blocks = [bytearray(b"x") * 2**20 for _ in range(200)]
# Every sixteenth stays in use, and so does the end of the heap.
blocks = blocks[::16] + blocks[-1:]
before = resident_mb()

async def wait():
    async with heap.giving_back(every_s=0.05):
        with anyio.fail_after(20):
            while resident_mb() > before / 2:
                await anyio.sleep(0.05)

anyio.run(wait)
print(before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of glibc")
def test_what_lies_between_pieces_in_use_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCATTERED], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 200
