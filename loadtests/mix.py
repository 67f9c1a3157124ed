"""Requests as clients send them: every output, many sizes, and bad input among them."""

import io
import random
from dataclasses import dataclass

import numpy as np
from PIL import Image

OUTPUTS = ("mask", "color", "overlay", "json", "npz")
SIZES = ((96, 64), (320, 240), (512, 1024), (720, 1080), (1600, 1200), (2400, 1600))


@dataclass(frozen=True)
class Request:
    """One request and whether it should be answered with 200."""

    body: bytes
    query: dict[str, str]
    is_good: bool


def picture(rng: random.Random) -> bytes:
    """A JPEG, PNG or WebP of blobs, in one of many sizes."""
    width, height = rng.choice(SIZES)
    width, height = width + rng.randrange(64), height + rng.randrange(64)
    noise = np.random.default_rng(rng.randrange(2**32)).integers(0, 256, (12, 9, 3), np.uint8)
    image = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, rng.choice(("JPEG", "JPEG", "JPEG", "PNG", "WEBP")))
    return buffer.getvalue()


def good_request(rng: random.Random, body: bytes) -> Request:
    query = {"output": rng.choice(OUTPUTS)}
    if rng.random() < 0.2:
        query["scales"] = ",".join(f"{rng.uniform(0.5, 1.5):.2f}" for _ in range(2))
    if rng.random() < 0.2:
        query["boxes"] = "[[0,0,50,60],[10,5,60,64],[20,20,9000,9000]]"
    if query["output"] == "json":
        query["regions"] = rng.choice(("none", "rle", "polygons"))
    return Request(body, query, is_good=True)


def bad_request(rng: random.Random, body: bytes) -> Request:
    faults: tuple[tuple[bytes, dict[str, str]], ...] = (
        (b"", {}),
        (b"hello", {}),
        (body[: len(body) // 2], {}),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02" + bytes(20), {}),
        (bytes(21 * 2**20), {}),
        (body, {"scales": "99"}),
        (body, {"boxes": "[[9,9,1,1]]"}),
        (body, {"model": "nope"}),
        (body, {"output": "gif"}),
    )
    return Request(*rng.choice(faults), is_good=False)
