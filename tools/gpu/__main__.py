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
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
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
from limn.ops.choose_cuda import CudaChooser
from limn.ops.device import Device
from loadtests.inputs import portrait
from service.engines.device.engine import DeviceEngine
from service.engines.device.network import DeviceNetwork
from service.engines.protocol import TestTimeSettings
from service.repository import ModelRepository, ServedModel
from tools.gpu import ceilings, choosing
from tools.gpu.choosing import Choosing
from tools.gpu.mps import mps
from tools.gpu.page import Measured, document, page
from tools.gpu.served import Farm, Served, farm
from tools.gpu.speed import AT_ONCE, measure
from tools.gpu.trace import draw, idleness, spans_of
from tools.gpu.work import flops

TTA = TestTimeSettings((0.8, 1.0, 1.2), flip=False)
LOADS = [(1, 1), (1, 16), (1, 64), (2, 64), (4, 64), (6, 64)]
"""Processes of the service, and requests in flight at each."""

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
    parser.add_argument(
        "--processes", type=int, default=1, help="of the service that share the GPU, at most"
    )
    parser.add_argument(
        "--mps", action="store_true", help="let them share it by CUDA's Multi-Process Service too"
    )
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    repository = ModelRepository(arguments.repository, None)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    names = arguments.models.split(",")
    batches = [int(word) for word in arguments.batches.split(",")]
    with ExitStack() as stack:
        # They take a minute to be ready, and so do the models here.
        farms = [
            stack.enter_context(_farm(repository.find(names[0]), arguments.processes, by_mps))
            for by_mps in ((False, True) if arguments.mps else (False,))
        ]
        networks = {name: _Engines(repository.find(name), batches) for name in names}
        for each in farms:
            each.ready()
        reached = ceilings.measure()
        models: list[Measured] = []
        for engines in networks.values():
            models.append(asyncio.run(_measured(engines, arguments.seconds, arguments.out)))
            _write(arguments.out, document(reached, models, []))
        answered: list[Served] = []
        for each in farms:
            loads = [load for load in LOADS if load[0] <= arguments.processes]
            answered.append(each.measure(names[0], loads, 3 * arguments.seconds))
            text = _write(arguments.out, document(reached, models, answered))
    print(text)


@contextmanager
def _farm(model: ServedModel, processes: int, by_mps: bool) -> Iterator[Farm]:
    with ExitStack() as stack:
        variables = stack.enter_context(mps()) if by_mps else {}
        settings = {"LIMN_DEVICE": "cuda", **variables}
        shared = "MPS" if by_mps else "time"
        yield stack.enter_context(farm(model, settings, processes, shared))


class _Engines:
    """Engines of one model, of batches up to any of these; they share what is ready."""

    def __init__(self, model: ServedModel, batches: Sequence[int]) -> None:
        self.model = model
        self.batches = batches
        self._thread = ThreadPoolExecutor(1)
        self._device = self._thread.submit(Device, "cuda").result()
        self._chooser = self._thread.submit(CudaChooser, self._device).result()
        self._network = self._thread.submit(DeviceNetwork, model, self._device, batches).result()

    def of(self, most: int) -> DeviceEngine:
        networks = {self.model.id: self._network}
        return DeviceEngine(
            self._thread, networks, self._device, self._chooser, most, 0.0, lambda _: None
        )

    def choosing(self) -> Choosing:
        """Of the portrait's scores."""
        return self._thread.submit(self._choosing).result()

    def _choosing(self) -> Choosing:
        image = decode(portrait(), ImageLimits())
        size = image.shape[0], image.shape[1]
        with self._device.working():
            (scores,) = self._network.scores(list(_canvases(self.model, 1)), TTA)
            self._device.mark()()
        contract = self.model.contract
        grid = scores.shape[1], scores.shape[2]
        region = Letterbox.fit(size, contract.canvas).region(grid)
        return choosing.measure(self._device, self._chooser, scores, size, region)


def _write(out: Path, found: dict[str, Any]) -> str:
    """After every model anew: a later one may fail."""
    out.with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n")
    text = page("python -m tools.gpu " + shlex.join(sys.argv[1:]), found, out.name)
    out.with_suffix(".md").write_text(text)
    return text


async def _measured(engines: _Engines, seconds: float, out: Path) -> Measured:
    model, batches = engines.model, engines.batches
    speeds = [
        await measure(engines.of(batch), model.id, _canvases(model, batch), TTA, seconds)
        for batch in batches
    ]
    together = min(TRACED_BATCH, batches[-1])
    traced = engines.of(together)
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
    gaps = idleness(middle)
    chosen = engines.choosing()
    return Measured(model.id.name, model.gpu_graph.name, work, speeds, together, gaps, chosen)


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
