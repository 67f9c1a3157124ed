"""Draw docs/images: photo, overlay and label map side by side, with a legend of what was found.

`python tools/pictures.py [MODEL_FOLDER]`. The photos come with scikit-image: the astronaut (NASA,
public domain) and the cameraman (Lav Varshney, CC0).
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage import color, data

from cli.offline import served_parser
from limn.labels import LIP
from limn.ops.paint import colorize, overlay

ROOT = Path(__file__).resolve().parent.parent
HEIGHT = 384
GAP = 8
ALPHA = 0.6


def legend(label_map: NDArray[np.uint8]) -> Image.Image:
    """Colour and name of every class that covers at least one pixel in 500."""
    shares = np.bincount(label_map.ravel(), minlength=len(LIP)) / label_map.size
    found = [index for index in range(1, len(LIP)) if shares[index] >= 0.002]
    picture = Image.new("RGB", (150, HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(15)
    for row, index in enumerate(found):
        top = 6 + 24 * row
        draw.rectangle((6, top, 24, top + 18), fill=LIP.colors[index])
        draw.text((32, top), LIP.classes[index], fill="black", font=font)
    return picture


def triptych(image: NDArray[np.uint8], label_map: NDArray[np.uint8]) -> Image.Image:
    """Photo, overlay, label map, legend."""
    panels = [
        image,
        overlay(image, label_map, LIP.palette, ALPHA),
        colorize(label_map, LIP.palette),
    ]
    width = round(image.shape[1] * HEIGHT / image.shape[0])
    pictures = [Image.fromarray(panel).resize((width, HEIGHT)) for panel in panels]
    pictures.append(legend(label_map))
    total = sum(picture.width for picture in pictures) + GAP * (len(pictures) - 1)
    canvas = Image.new("RGB", (total, HEIGHT), "white")
    left = 0
    for picture in pictures:
        canvas.paste(picture, (left, 0))
        left += picture.width + GAP
    return canvas


def main(model: Path) -> None:
    photos = {"astronaut": data.astronaut(), "cameraman": color.gray2rgb(data.camera())}
    with served_parser(model, scales=None, flip=False) as parse:
        for name, photo in photos.items():
            image = np.asarray(photo, dtype=np.uint8)
            triptych(image, parse(image)).save(ROOT / "docs/images" / f"{name}.jpg", quality=88)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "model_repository/mman/1")
