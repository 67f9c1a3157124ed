"""`limn bench`: what each stage of a request costs on one core."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.configuration import read_settings
from cli.failure import explained

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from service.stages import Stage

HEIGHT, WIDTH = 1024, 512
_WARM_UP = 3
_PARAMETERS = {"scales": "0.8,1,1.2"}


def bench(
    photo: Annotated[
        Path | None,
        typer.Argument(help="JPEG, PNG or WebP; a drawn figure if not given.", exists=True),
    ] = None,
    repeat: Annotated[int, typer.Option(help="Requests measured.", min=1)] = 20,
    model: Annotated[str | None, typer.Option(help="Served model; the default one.")] = None,
) -> None:
    """Parse a 512x1024 JPEG at three scales again and again; print the median of every stage."""
    import anyio

    picture = _resized(photo) if photo else _figure()

    async def run() -> "list[dict[Stage, float]]":
        from service.parameters import ParseParameters
        from service.stages import stage_clock
        from service.startup import start_pipeline

        pipeline = await start_pipeline(read_settings().model_copy(update={"sessions": 1}))
        plan = pipeline.plan(ParseParameters(model=model, **_PARAMETERS))
        data = _jpeg(picture)
        runs = []
        for _ in range(_WARM_UP + repeat):
            with stage_clock() as clock:
                await pipeline.parse(data, plan)
            runs.append(clock.seconds)
        await pipeline.close()
        return runs[_WARM_UP:]

    with explained():
        _print(anyio.run(run), photo)


def _print(runs: "list[dict[Stage, float]]", photo: Path | None) -> None:
    from statistics import median

    from rich.console import Console
    from rich.table import Table

    from service.stages import STAGES

    # Persons are looked for where a request asks for it, which this one does not.
    ran = [stage for stage in STAGES if stage in runs[0]]
    medians = {stage: median(run[stage] for run in runs) * 1e3 for stage in ran}
    network = medians["network"]
    rest = sum(medians.values()) - network
    table = Table(
        "stage",
        title=f"{photo.name if photo else 'drawn figure'}, {WIDTH}x{HEIGHT}, scales"
        f" {_PARAMETERS['scales']}, one core, median of {len(runs)}",
    )
    table.add_column("ms", justify="right")
    table.add_column("of the network", justify="right")
    for stage, milliseconds in medians.items():
        table.add_row(stage, f"{milliseconds:.2f}", f"{milliseconds / network:.1%}")
    table.add_section()
    table.add_row("all but the network", f"{rest:.2f}", f"{rest / network:.1%}")
    table.add_row("sum", f"{rest + network:.2f}", f"{rest / network + 1:.1%}")
    Console().print(table)


def _resized(photo: Path) -> "NDArray[np.uint8]":
    """The middle of a photo in the benchmark's size, uint8[1024, 512, 3] RGB."""
    import cv2
    import numpy as np

    from limn.image import ImageLimits, decode

    with explained():
        image = decode(photo.read_bytes(), ImageLimits())
    height, width = image.shape[:2]
    tall, wide = min(height, 2 * width), min(width, (height + 1) // 2)
    top, left = (height - tall) // 2, (width - wide) // 2
    middle = image[top : top + tall, left : left + wide]
    resized = cv2.resize(middle, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8)


def _figure() -> "NDArray[np.uint8]":
    """A drawn person on a noisy wall, uint8[1024, 512, 3] RGB."""
    import cv2
    import numpy as np

    noise = np.random.default_rng(0).integers(-12, 13, (HEIGHT, WIDTH, 3))
    image = np.full((HEIGHT, WIDTH, 3), (176, 180, 172), dtype=np.uint8)
    skin, shirt, trousers, shoes = (214, 170, 140), (150, 40, 44), (40, 52, 96), (30, 26, 24)
    cv2.ellipse(image, (256, 150), (62, 82), 0, 0, 360, skin, -1)
    cv2.ellipse(image, (256, 110), (70, 62), 0, 180, 360, (60, 40, 28), -1)
    cv2.rectangle(image, (166, 240), (346, 560), shirt, -1)
    for x in (140, 372):
        cv2.line(image, (x, 260), (x + (x - 256) // 6, 560), skin, 44)
    for x in (206, 306):
        cv2.line(image, (x, 560), (x, 920), trousers, 76)
        cv2.ellipse(image, (x, 950), (52, 26), 0, 0, 360, shoes, -1)
    noisy: NDArray[np.uint8] = np.clip(image + noise, 0, 255).astype(np.uint8)
    return noisy


def _jpeg(image: "NDArray[np.uint8]") -> bytes:
    import simplejpeg

    # Cameras and most encoders store colour at half the resolution.
    encoded: bytes = simplejpeg.encode_jpeg(image, quality=90, colorsubsampling="420")
    return encoded
