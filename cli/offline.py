"""A served model to evaluate, through the gateway's own pipeline."""

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
from anyio.from_thread import start_blocking_portal
from numpy.typing import NDArray
from PIL import Image

from cli.configuration import read_settings
from limn.contract import read_contract
from limn.encode import rgb_png
from limn.errors import InvalidParameter
from service.parameters import ParseParameters
from service.startup import start_pipeline
from training.evaluation import Parse
from training.subject import View


class ServedSubject:
    """A version folder of the model repository."""

    def __init__(self, folder: Path) -> None:
        contract = read_contract(folder)
        self.folder = folder
        self.label_set = contract.labels.label_set()
        self.canvas = contract.canvas
        self.scales = tuple(float(scale) for scale in contract.scales)

    def parser(self, view: View) -> AbstractContextManager[Parse]:
        """A longest side becomes a scale of the canvas, so a larger one shows no more detail."""
        if view.crf:
            raise InvalidParameter("crf", "a served model answers labels; evaluate its checkpoint")
        scales = view.scales if view.side is None else (view.side / max(self.canvas),)
        words = ",".join(f"{scale:.6g}" for scale in scales)
        return served_parser(self.folder, words, view.flip)


@contextmanager
def served_parser(folder: Path, scales: str | None, flip: bool) -> Iterator[Parse]:
    """`<repository>/<name>/<version>` as uint8[H, W, 3] RGB to class indices uint8[H, W]."""
    folder = folder.resolve()
    settings = read_settings().model_copy(update={"model_repository": folder.parent.parent})
    parameters = ParseParameters(
        model=folder.parent.name,
        version=int(folder.name) if folder.name.isdecimal() else None,
        scales=scales,
        flip=flip,
        output="mask",
    )
    with start_blocking_portal() as portal:
        pipeline = portal.call(start_pipeline, settings)
        try:
            plan = pipeline.plan(parameters)

            def parse(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
                answer = portal.call(pipeline.parse, rgb_png(image), plan)
                return _indices(answer.content)

            yield parse
        finally:
            portal.call(pipeline.close)


def _indices(mask: bytes) -> NDArray[np.uint8]:
    """Pixel values of a palette PNG, which are class indices."""
    with Image.open(io.BytesIO(mask)) as picture:
        return np.asarray(picture, dtype=np.uint8)
