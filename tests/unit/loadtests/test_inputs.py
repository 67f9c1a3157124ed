"""What is sent to a model, by what it says that it takes."""

import io

import numpy as np
import pytest
from PIL import Image

from loadtests.inputs import astronaut, make_inputs, parse_shapes
from loadtests.server import CannotMeasure, Model, TensorSpec

PARSER = Model("m_parse", 8, (TensorSpec("canvas", "UINT8", (-1, 96, 64, 3)),), ())
NETWORK = Model("m", 8, (TensorSpec("pixels", "FP32", (-1, 3, -1, -1)),), ())
PHOTO = Model("m_photo", 0, (TensorSpec("photo", "BYTES", (1,)),), ())


def test_canvas_is_the_picture_moved_for_every_item() -> None:
    canvas = make_inputs(PARSER, 3, {}, astronaut())["canvas"]

    with Image.open(io.BytesIO(astronaut())) as picture:
        first = np.asarray(picture.resize((64, 96)))
    assert canvas.dtype == np.uint8
    assert canvas.shape == (3, 96, 64, 3)
    assert np.array_equal(canvas[0], first)
    assert np.array_equal(canvas[2][:, 14:], first[:, :-14])


def test_open_lengths_are_filled_with_noise_of_the_given_shape() -> None:
    pixels = make_inputs(NETWORK, 2, {"pixels": (3, 32, 16)}, b"")["pixels"]

    assert pixels.dtype == np.float32
    assert pixels.shape == (2, 3, 32, 16)
    assert pixels.std() == pytest.approx(1, abs=0.1)


def test_photo_is_sent_as_its_bytes() -> None:
    photo = make_inputs(PHOTO, 1, {}, b"jpeg")["photo"]

    assert photo.shape == (1,)
    assert photo[0] == b"jpeg"


@pytest.mark.parametrize(
    ("model", "batch", "shapes", "message"),
    [
        pytest.param(PARSER, 9, {}, "batches of at most 8, not 9", id="batch"),
        pytest.param(PHOTO, 2, {}, "batches of at most 1, not 2", id="no-batches"),
        pytest.param(NETWORK, 1, {}, r"pixels of \[3, -1, -1\]; .* --shape pixels:", id="open"),
        pytest.param(NETWORK, 1, {"pixels": (4, 32, 16)}, r"takes pixels of \[3", id="other"),
        pytest.param(NETWORK, 1, {"pixels": (3, 32)}, r"takes pixels of \[3", id="lengths"),
        pytest.param(PARSER, 1, {"pixels": (3,)}, "has no input pixels", id="unknown"),
        pytest.param(
            Model("m", 0, (TensorSpec("ids", "INT64", (1,)),), ()), 1, {}, "ids, INT64", id="type"
        ),
    ],
)
def test_what_does_not_fit_is_said(
    model: Model, batch: int, shapes: dict[str, tuple[int, ...]], message: str
) -> None:
    with pytest.raises(CannotMeasure, match=message):
        make_inputs(model, batch, shapes, astronaut())


def test_shapes_are_read_by_name() -> None:
    assert parse_shapes(["pixels:3,384,256", "a:b:1"]) == {"pixels": (3, 384, 256), "a:b": (1,)}


@pytest.mark.parametrize("text", ["pixels", "3,4", ":3", "pixels:3,-1", "pixels:", "pixels:x"])
def test_other_shapes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_shapes([text])
