"""The engine on the GPU of this machine: its speed as a share of what the GPU can do, and its gaps.

    python -m tools.gpu --repository model_repository --models mman --out docs/results/gpu

Writes <out>.md, <out>.json and <out>_<model>.png, a trace. Needs limn[gpu], and nothing else on the
GPU meanwhile.
"""

import argparse
import asyncio
import json
import shlex
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.profiler import ProfilerActivity, profile

from limn.geometry import Letterbox
from limn.image import ImageLimits, decode
from limn.ops.array import letterbox
from limn.ops.device import Device
from loadtests.inputs import portrait
from service.engines.device.engine import DeviceEngine
from service.engines.device.network import DeviceNetwork
from service.engines.protocol import TestTimeSettings
from service.repository import ModelRepository, ServedModel
from tools.gpu import ceilings, served
from tools.gpu.page import Measured, document, page
from tools.gpu.speed import AT_ONCE, measure
from tools.gpu.trace import draw, idleness, spans_of
from tools.gpu.work import flops

TTA = TestTimeSettings((0.8, 1.0, 1.2), flip=False)
IN_FLIGHT = [1, 8, 32, 64, 128]
TRACED_BATCH = 16
"""The default of `LIMN_DEVICE_BATCH`; less where no batch so large is measured."""

TRACED_S = 0.4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument(
        "--models", default="mman", help="names, with commas; the first is served too"
    )
    parser.add_argument("--batches", default="1,2,4,8,16,32,64", help="ascending, with commas")
    parser.add_argument("--seconds", type=float, default=1.0, help="per batch size, for throughput")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    repository = ModelRepository(arguments.repository, None)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    reached = ceilings.measure()
    batches = [int(word) for word in arguments.batches.split(",")]
    models: list[Measured] = []
    for name in arguments.models.split(","):
        model = repository.find(name)
        models.append(asyncio.run(_model(model, batches, arguments.seconds, arguments.out)))
        _write(arguments.out, document(reached, models, None))
    first = repository.find(arguments.models.split(",")[0])
    answered = served.measure(first, {"LIMN_DEVICE": "cuda"}, IN_FLIGHT, 3 * arguments.seconds)
    print(_write(arguments.out, document(reached, models, answered)))


def _write(out: Path, found: dict[str, Any]) -> str:
    """After every model anew: a later one may fail."""
    out.with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n")
    text = page("python -m tools.gpu " + shlex.join(sys.argv[1:]), found, out.name)
    out.with_suffix(".md").write_text(text)
    return text


async def _model(model: ServedModel, batches: Sequence[int], seconds: float, out: Path) -> Measured:
    thread = ThreadPoolExecutor(1)
    run = partial(asyncio.get_running_loop().run_in_executor, thread)
    device = await run(Device, "cuda")
    network = await run(DeviceNetwork, model, device, batches)

    def engine(most: int) -> DeviceEngine:
        return DeviceEngine(thread, {model.id: network}, device, most, 0.0, lambda _: None)

    speeds = [
        await measure(engine(batch), model.id, _canvases(model, batch), TTA, seconds)
        for batch in batches
    ]
    together = min(TRACED_BATCH, batches[-1])
    traced = engine(together)
    canvases = _canvases(model, together)
    await measure(traced, model.id, canvases, TTA, TRACED_S)
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        done = await _keep_busy(traced, model, canvases)
        torch.cuda.synchronize()
    # The first and the last batch have no neighbour.
    spans = spans_of(seen)
    edge = len(spans) // done
    middle = spans[edge:-edge]
    draw(middle, done - 2, out.with_name(f"{out.name}_{model.id.name}.png"))
    work = sum(_work(model, scale) for scale in TTA.scales)
    await traced.close()
    return Measured(model.id.name, model.gpu_graph.name, work, speeds, together, idleness(middle))


async def _keep_busy(engine: DeviceEngine, model: ServedModel, canvases: NDArray[np.uint8]) -> int:
    """How many batches it was given; as many as `AT_ONCE` wait for it at any time."""
    rounds = 10

    async def keep_asking() -> None:
        for _ in range(rounds):
            await engine.scores(model.id, canvases, TTA)

    await asyncio.gather(*(keep_asking() for _ in range(AT_ONCE)))
    return rounds * AT_ONCE


def _work(model: ServedModel, scale: float) -> int:
    return flops(model.gpu_graph, (1, 3, *model.contract.input_size(scale)))


def _canvases(model: ServedModel, batch: int) -> NDArray[np.uint8]:
    """The portrait, a little darker in every copy: uint8[B, S_h, S_w, 3]."""
    image = decode(portrait(), ImageLimits())
    box = Letterbox.fit(image.shape[:2], model.contract.canvas)
    canvas = letterbox(image, box, model.contract.fill)
    darker: Sequence[NDArray[np.uint8]] = [
        np.asarray(cv2.convertScaleAbs(canvas, alpha=1 - index / 200), np.uint8)
        for index in range(batch)
    ]
    return np.stack(darker)


if __name__ == "__main__":
    main()
