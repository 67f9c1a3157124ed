"""Versions, extras, and what ONNX Runtime can compute on."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from limn import __version__
from limn.errors import DeviceUnavailable
from service.diagnosis.finding import Finding
from service.settings import Settings
from service.startup import require_device

_WHEELS = ("onnxruntime", "onnxruntime-gpu")
"""They share one module; what was installed last overwrote half of the other."""

_EXTRAS = {
    "client": "httpx2",
    "train": "lightning_fabric",
    "export": "onnxscript",
    "batch": "pyarrow",
    "crf": "pydensecrf",
}
"""Each with a module that it alone brings."""

_GPU = Path("/dev/nvidiactl")


def findings(settings: Settings) -> Iterator[Finding]:
    yield Finding("limn", f"{__version__}, Python {platform.python_version()}")
    yield _runtime(settings)
    yield _device(settings)
    installed = [extra for extra, module in _EXTRAS.items() if find_spec(module) is not None]
    yield Finding("extras", ", ".join(installed) or "none but what serving needs")


def _runtime(settings: Settings) -> Finding:
    if settings.engine == "triton":
        return Finding("engine", f"Triton at {settings.triton_url}")
    wheels = [f"{name} {found}" for name in _WHEELS if (found := _version(name))]
    if not wheels:
        return Finding(
            "engine", "no ONNX Runtime", "fault", "in a checkout: pip install '.[cpu]', or '.[gpu]'"
        )
    if len(wheels) > 1:
        return Finding(
            "engine",
            " and ".join(wheels),
            "fault",
            "they overwrite each other: uninstall both, then install one",
        )
    import onnxruntime

    providers = [
        name.removesuffix("ExecutionProvider") for name in onnxruntime.get_available_providers()
    ]
    return Finding("engine", f"{wheels[0]}: {', '.join(providers)}")


def _device(settings: Settings) -> Finding:
    if settings.engine == "triton":
        return Finding("device", "Triton's")
    try:
        require_device(settings)
    except DeviceUnavailable as error:
        return Finding("device", settings.device, "fault", str(error))
    if settings.device == "cpu" and _GPU.exists():
        return Finding(
            "device", "cpu, and there is a GPU", "note", "LIMN_DEVICE=cuda uses it (limn[gpu])"
        )
    return Finding("device", settings.device)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
