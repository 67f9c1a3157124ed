import io

import numpy as np
from PIL import Image

from limn.encode import npz, palette_png, rgb_png
from limn.labels import LIP
from tests.fixtures import pictures


def test_palette_png_is_label_map_and_picture_in_one() -> None:
    label_map = np.arange(60, dtype=np.uint8).reshape(6, 10) % 20

    picture = Image.open(io.BytesIO(palette_png(label_map, LIP.palette)))

    assert picture.mode == "P"
    assert np.array_equal(np.asarray(picture), label_map)
    assert np.array_equal(np.asarray(picture.convert("RGB")), LIP.palette[label_map])


def test_rgb_png_is_lossless() -> None:
    picture = Image.open(io.BytesIO(rgb_png(pictures.photo())))

    assert picture.mode == "RGB"
    assert np.array_equal(np.asarray(picture), pictures.photo())


def test_npz_is_read_by_numpy() -> None:
    scores = np.linspace(0, 1, 6, dtype=np.float16).reshape(1, 2, 3)

    archive = np.load(io.BytesIO(npz({"scores": scores, "classes": np.array(["a", "bc"])})))

    assert np.array_equal(archive["scores"], scores)
    assert archive["classes"].tolist() == ["a", "bc"]
