"""Processor, memory, files and shared memory, as this process may use them."""

import os
import platform
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

from service.diagnosis.finding import Finding
from service.settings import Settings

_CPU_INFO = Path("/proc/cpuinfo")
_MEMORY_INFO = Path("/proc/meminfo")
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at, never written to

_INT8 = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"}
"""Instructions that sum products of bytes, as Linux names them; without, INT8 gains less."""

_DESCRIPTORS = 1_024
_BASE_BYTES = 400 * 2**20
"""Of a service with both shipped models and nothing to do, rounded up; docs/performance.md."""


def findings(settings: Settings) -> Iterator[Finding]:
    yield _processor(settings)
    yield _memory(settings)
    yield _descriptors()
    if settings.engine == "triton" and settings.triton_shared_memory != "none":
        yield _shared_memory()


def _processor(settings: Settings) -> Finding:
    info = _read(_CPU_INFO)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    name = _field(info, "model name") or platform.processor() or platform.machine()
    flags = set((_field(info, "flags") or _field(info, "Features") or "").split())
    text = f"{name}, {cores} cores for this process, {settings.sessions} workers"
    fast = sorted(flags & _INT8)
    if fast:
        return Finding("processor", f"{text}, INT8 by {', '.join(fast)}")
    advice = "INT8 graphs would gain more where a processor has VNNI" if flags else None
    return Finding("processor", text, "note" if flags else "fine", advice)


def _memory(settings: Settings) -> Finding:
    limit = memory_limit_bytes()
    if limit is None:
        return Finding("memory", "unknown on this system")
    budget = settings.max_image_bytes_in_flight + settings.max_body_bytes_in_flight + _BASE_BYTES
    text = f"{_gib(limit)} to use; photos and bodies in flight may take {_gib(budget)} with models"
    if budget > limit:
        return Finding(
            "memory",
            text,
            "fault",
            "lower LIMN_MAX_IMAGE_BYTES_IN_FLIGHT (and LIMN_MAX_IMAGE_PIXELS with it), or the"
            " system may end the service under load",
        )
    return Finding("memory", text)


def memory_limit_bytes() -> int | None:
    """What this process may use: the machine's memory, or its container's limit."""
    total = _field(_read(_MEMORY_INFO), "MemTotal")
    limits = [int(total.split()[0]) * 1024] if total else []
    limits += [int(text) for path in _CGROUP_LIMITS if (text := _read(path).strip()).isdecimal()]
    return min(limits, default=None)


def _descriptors() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"{soft} at a time, one per connection"
    if soft >= _DESCRIPTORS:
        return Finding("open files", text)
    return Finding("open files", text, "note", f"`ulimit -n {hard}` allows more connections")


def _shared_memory() -> Finding:
    if not _SHARED_MEMORY.is_dir():
        return Finding(
            "shared memory",
            f"there is no {_SHARED_MEMORY}",
            "note",
            "tensors go to Triton in messages, which is slower",
        )
    free = shutil.disk_usage(_SHARED_MEMORY).free
    return Finding("shared memory", f"{_gib(free)} free in {_SHARED_MEMORY}")


def _field(text: str, name: str) -> str | None:
    """Value of the first `name : value` line."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
