import numpy as np
import pytest

from limn.geometry import Letterbox
from limn.ops.array import fuse, letterbox, preprocess, probabilities, unmirror

GREY = (7, 8, 9)


def test_letterbox_pads_with_the_fill() -> None:
    image = np.full((4, 2, 3), 200, np.uint8)

    canvas = letterbox(image, Letterbox.fit((4, 2), (4, 4)), GREY)

    assert canvas.shape == (4, 4, 3)
    assert (canvas[:, 1:3] == 200).all()
    assert (canvas[:, [0, 3]] == GREY).all()


def test_letterbox_averages_when_it_shrinks() -> None:
    image = np.array([[0, 100], [100, 200]], np.uint8)[:, :, np.newaxis].repeat(3, axis=2)

    canvas = letterbox(image, Letterbox.fit((2, 2), (1, 1)), GREY)

    assert canvas.tolist() == [[[100, 100, 100]]]


def test_letterbox_takes_a_view_of_the_photo() -> None:
    photo = np.arange(6 * 6 * 3, dtype=np.uint8).reshape(6, 6, 3)

    canvas = letterbox(photo[1:5, 2:6], Letterbox.fit((4, 4), (4, 4)), GREY)

    assert np.array_equal(canvas, photo[1:5, 2:6])


def test_letterbox_for_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="the letterbox is for"):
        letterbox(np.zeros((3, 3, 3), np.uint8), Letterbox.fit((4, 4), (8, 8)), GREY)


def test_preprocess_normalises_each_channel() -> None:
    canvases = np.array([[[[0, 255, 51]]]], np.uint8)

    pixels = preprocess(canvases, (1, 1), (0.5, 0.5, 0.0), (0.5, 0.25, 0.2))

    assert pixels.shape == (1, 3, 1, 1)
    assert pixels.dtype == np.float32
    assert pixels[0, :, 0, 0].tolist() == pytest.approx([-1, 2, 1])


def test_preprocess_resizes_without_rounding() -> None:
    canvases = np.zeros((1, 1, 2, 3), np.uint8)
    canvases[0, 0, 1] = 255

    pixels = preprocess(canvases, (1, 4), (0, 0, 0), (1, 1, 1))

    # Half-pixel centres: positions -0.25, 0.25, 0.75, 1.25 of the two pixels 0 and 1.
    assert pixels[0, 0, 0].tolist() == pytest.approx([0, 0.25, 0.75, 1])
    assert pixels.flags.c_contiguous


def test_preprocess_shrinks_without_antialiasing() -> None:
    canvases = np.array([0, 40, 80, 255, 5, 6, 7, 8], np.uint8).reshape(1, 1, 8, 1).repeat(3, 3)

    pixels = preprocess(canvases, (1, 2), (0, 0, 0), (1, 1, 1))

    # Positions 1.5 and 5.5: the mean of two neighbours, the others have no say.
    assert (pixels[0, 0, 0] * 255).tolist() == pytest.approx([60, 6.5])


def test_probabilities_are_a_softmax() -> None:
    logits = np.log(np.array([1, 2, 5], np.float32)).reshape(1, 3, 1, 1) + 300

    assert probabilities(logits).ravel().tolist() == pytest.approx([0.125, 0.25, 0.625], rel=1e-4)


def test_probabilities_leave_their_input_alone() -> None:
    logits = np.ones((1, 2, 1, 1), np.float32)

    probabilities(logits)

    assert (logits == 1).all()


def test_unmirror_flips_and_exchanges_left_and_right() -> None:
    scores = np.array([[[[1, 2]], [[3, 4]], [[5, 6]]]], np.float32)

    assert unmirror(scores, np.array([0, 2, 1])).tolist() == [[[[2, 1]], [[6, 5]], [[4, 3]]]]


def test_fuse_is_the_mean_on_the_grid() -> None:
    same = np.array([0.25, 0.75, 0.25, 0.75], np.float32).reshape(1, 1, 1, 4)
    coarse = np.array([0.0, 1.0], np.float32).reshape(1, 1, 1, 2)

    fused = fuse([same, coarse], (1, 4))

    # The coarse scores become 0, 0.25, 0.75, 1 on the grid.
    assert fused.ravel().tolist() == pytest.approx([0.125, 0.5, 0.5, 0.875])


def test_fuse_of_one_is_itself() -> None:
    scores = np.random.default_rng(0).random((2, 3, 4, 5), dtype=np.float32)

    assert np.array_equal(fuse([scores], (4, 5)), scores)
