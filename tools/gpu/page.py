"""What was measured, as JSON and as a page of Markdown."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, NamedTuple

import onnxruntime
import torch

from loadtests.report import cpu_model, table
from tools.gpu.ceilings import Ceilings
from tools.gpu.choosing import Choosing
from tools.gpu.served import Served, cores
from tools.gpu.speed import Speed
from tools.gpu.trace import Idleness


class Measured(NamedTuple):
    """Of one model: `flops` are those of one canvas at all scales."""

    name: str
    graph: str
    flops: int
    speeds: Sequence[Speed]
    traced_batch: int
    idleness: Idleness
    choosing: Choosing


def document(
    reached: Ceilings, models: Sequence[Measured], answered: Sequence[Served]
) -> dict[str, Any]:
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "gpu": torch.cuda.get_device_name(),
        "cpu": cpu_model(),
        "cores": cores(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
        "numpy": version("numpy"),
        "ceilings": reached._asdict(),
        "models": [
            {
                **one._asdict(),
                "speeds": [_speed(speed, one.flops, reached) for speed in one.speeds],
                "idleness": one.idleness._asdict(),
                "choosing": one.choosing._asdict(),
            }
            for one in models
        ],
        "served": [
            {**one._asdict(), "levels": [level._asdict() for level in one.levels]}
            for one in answered
        ],
    }


def _speed(speed: Speed, flops: int, reached: Ceilings) -> dict[str, float]:
    tflops = speed.per_second * flops / 1e12
    return {**speed._asdict(), "tflops": tflops, "share": tflops / reached.tflops}


def page(command: str, found: dict[str, Any], stem: str) -> str:
    lines = [
        "# On a GPU",
        "",
        f"- Command: `{command}`",
        f"- Date: {found['date']}",
        f"- Hardware: {found['gpu']}; {found['cpu']}, {found['cores']} virtual cores",
        f"- Software: Python {found['python']}, torch {found['torch']}, ONNX Runtime"
        f" {found['onnxruntime']} (CUDA)",
        f"- Measured ceilings: {found['ceilings']['tflops']:,.0f} TFLOP/s in products of matrices"
        f" in half precision, {found['ceilings']['gbytes']:,.0f} GB/s in copies, read and written",
        "",
    ]
    for model in found["models"]:
        lines += _model(model, stem)
    if found["served"]:
        lines += _served(found["served"])
    return "\n".join(lines) + "\n"


def _model(model: dict[str, Any], stem: str) -> list[str]:
    idle, choosing = model["idleness"], model["choosing"]
    rows = [
        [
            f"{speed['batch']}",
            f"{speed['latency_ms']:.2f}",
            f"{speed['per_second']:,.0f}",
            f"{speed['tflops']:.1f}",
            f"{speed['share']:.1%}",
        ]
        for speed in model["speeds"]
    ]
    heads = ["batch", "ms of a batch alone", "canvases/s", "TFLOP/s", "of the ceiling"]
    return [
        f"## {model['name']}, `{model['graph']}`",
        "",
        f"Canvases of bytes in, fused scores of three scales in the GPU's memory out, by the"
        f" engine; {model['flops'] / 1e9:.1f} GFLOP each in convolutions.",
        "",
        table(heads, rows, words=0),
        "",
        f"In a trace of batches of {model['traced_batch']}, four asked for at a time, the GPU was"
        f" busy for {idle['busy_share']:.1%} of the time; the longest gap was"
        f" {idle['longest_us']:.0f} µs ({idle['spans']:,} kernels and copies).",
        "",
        f"![trace]({stem}_{model['name']}.png)",
        "",
        f"The GPU, with nothing else to do, chooses the classes of a photo of 512x1024 in"
        f" {choosing['on_gpu_ms']:.2f} ms, the label map's way to the host included; one core in"
        f" {choosing['on_cpu_ms']:.2f} ms, once scores were copied in"
        f" {choosing['copied_ms']:.2f} ms.",
        "",
    ]


def _served(answered: Sequence[dict[str, Any]]) -> list[str]:
    rows = [
        [
            served["shared"],
            f"{one['processes']}",
            f"{one['in_flight']}",
            f"{one['per_second']:,.0f}",
            f"{one['p50_ms']:.1f}",
            f"{one['p95_ms']:.1f}",
            f"{one['cpu_ms']:.1f}",
        ]
        for served in answered
        for one in served["levels"]
    ]
    heads = [
        "GPU shared by",
        "processes",
        "in flight at each",
        "photos/s",
        "p50 ms",
        "p95 ms",
        "CPU ms per photo",
    ]
    first = answered[0]
    count = sum(served["processes"] for served in answered)
    return [
        "## Over HTTP",
        "",
        f"`LIMN_DEVICE=cuda limn serve` with `{first['model']}` alone; {count} processes started at"
        f" once were ready after {max(served['ready_s'] for served in answered):.0f} s. A JPEG of"
        " 512x1024 in, three scales, a palette PNG out. The clients, one per process, run on the"
        " same cores. By time: the processes' kernels take turns; by MPS: side by side.",
        "",
        table(heads, rows, words=1),
    ]
