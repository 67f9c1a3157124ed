"""`limn.ops.array` and `limn.ops.tensor` hold the same formulas; real pictures go through both."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage import data

from limn.geometry import Letterbox, Size
from limn.labels import LIP
from limn.ops import array, choose, paint, tensor

CANVAS = (96, 64)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FILL = (124, 116, 104)


@pytest.fixture(scope="module")
def astronaut() -> NDArray[np.uint8]:
    """uint8[512, 512, 3] RGB."""
    image: NDArray[np.uint8] = data.astronaut()
    return image


@pytest.fixture(scope="module")
def canvases(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8[2, 96, 64, 3]: the whole photo, and an odd piece of it."""
    crops = astronaut, astronaut[3:300, 101:260]
    boxes = [Letterbox.fit((crop.shape[0], crop.shape[1]), CANVAS) for crop in crops]
    return np.stack([array.letterbox(c, b, FILL) for c, b in zip(crops, boxes, strict=True)])


def scores_of(image: NDArray[np.uint8], size: Size, classes: int = 20) -> NDArray[np.float32]:
    """Probabilities float32[1, K, h, w] that follow a real picture: each class likes a colour."""
    rng = np.random.default_rng(11)
    box = Letterbox.fit((image.shape[0], image.shape[1]), CANVAS)
    pixels = array.preprocess(array.letterbox(image, box, FILL)[None], size, MEAN, STD)
    weights = (rng.normal(size=(classes, 3)) * 3).astype(np.float32)
    logits = np.einsum("kc,bchw->bkhw", weights, pixels).astype(np.float32)
    return array.probabilities(logits)


@pytest.mark.parametrize("size", [CANVAS, (48, 32), (80, 48), (112, 80), (97, 33)])
def test_preprocess_agrees(canvases: NDArray[np.uint8], size: Size) -> None:
    ours = array.preprocess(canvases, size, MEAN, STD)
    theirs = tensor.preprocess(torch.from_numpy(canvases), size, MEAN, STD).numpy()

    assert ours.shape == theirs.shape == (2, 3, *size)
    assert ours.dtype == theirs.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5)


def test_probabilities_agree(canvases: NDArray[np.uint8]) -> None:
    logits = array.preprocess(canvases, CANVAS, MEAN, STD) * 40

    ours = array.probabilities(logits)
    theirs = tensor.probabilities(torch.from_numpy(logits)).numpy()

    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_unmirror_agrees(astronaut: NDArray[np.uint8]) -> None:
    scores = scores_of(astronaut, (48, 32))

    ours = array.unmirror(scores, LIP.mirror)
    theirs = tensor.unmirror(torch.from_numpy(scores), LIP.mirror.tolist()).numpy()

    assert np.array_equal(ours, theirs)


def test_fuse_agrees(astronaut: NDArray[np.uint8]) -> None:
    scores = [scores_of(astronaut, size) for size in ((40, 24), (48, 32), (56, 40))]

    ours = array.fuse(scores, (48, 32))
    theirs = tensor.fuse([torch.from_numpy(s) for s in scores], (48, 32)).numpy()

    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((512, 512), id="bars-above-and-below"),
        pytest.param((512, 341), id="nearly-full"),
        pytest.param((511, 97), id="bars-left-and-right"),
        pytest.param((37, 411), id="flat"),
        pytest.param((33, 21), id="smaller-than-the-grid"),
        pytest.param((500, 1), id="one-column"),
        pytest.param((1, 1), id="one-pixel"),
    ],
)
def test_chosen_classes_agree_inside_a_letterbox(astronaut: NDArray[np.uint8], size: Size) -> None:
    crop = astronaut[: size[0], : size[1]]
    grid = 48, 32
    scores = scores_of(crop, grid)
    region = Letterbox.fit(size, CANVAS).region(grid)

    ours = choose.upsample_and_choose(scores[0], size, region)
    theirs = tensor.upsample_and_choose(torch.from_numpy(scores), size, region).numpy()

    assert theirs.shape == (1, *size)
    assert ours.dtype == theirs.dtype == np.uint8
    assert np.mean(ours == theirs[0]) >= 0.999


def test_batch_is_chosen_picture_by_picture(astronaut: NDArray[np.uint8]) -> None:
    scores = torch.from_numpy(
        np.concatenate([scores_of(astronaut, (48, 32)), scores_of(astronaut[::-1], (48, 32))])
    )
    region = Letterbox.fit((511, 301), CANVAS).region((48, 32))

    both = tensor.upsample_and_choose(scores, (511, 301), region)

    for index in range(2):
        alone = tensor.upsample_and_choose(scores[index : index + 1], (511, 301), region)
        assert torch.equal(both[index], alone[0])


def test_lowest_class_wins_a_tie_in_both() -> None:
    scores = np.full((1, 3, 2, 2), 0.25, np.float32)
    region = Letterbox.fit((5, 5), (2, 2)).region((2, 2))

    ours = choose.upsample_and_choose(scores[0], (5, 5), region)
    theirs = tensor.upsample_and_choose(torch.from_numpy(scores), (5, 5), region)

    assert not ours.any()
    assert not theirs.any()


def test_colours_agree(astronaut: NDArray[np.uint8]) -> None:
    label_map = (astronaut[..., 0] // 12).astype(np.uint8)

    ours = paint.colorize(label_map, LIP.palette)
    theirs = tensor.colorize(torch.from_numpy(label_map), torch.from_numpy(LIP.palette.copy()))

    assert np.array_equal(ours, theirs.numpy())


@pytest.mark.parametrize("alpha", [0.0, 0.35, 0.6, 1.0])
def test_overlays_agree_to_one_grey_level(astronaut: NDArray[np.uint8], alpha: float) -> None:
    label_map = (astronaut[..., 0] // 12).astype(np.uint8)
    palette = torch.from_numpy(LIP.palette.copy())

    ours = paint.overlay(astronaut, label_map, LIP.palette, alpha)
    theirs = tensor.overlay(
        torch.from_numpy(astronaut), torch.from_numpy(label_map), palette, alpha
    ).numpy()

    # A half may be rounded to either side.
    difference = np.abs(ours.astype(int) - theirs)
    assert difference.max() <= 1
    assert np.mean(difference > 0) < 0.001
    assert np.array_equal(theirs[label_map == 0], astronaut[label_map == 0])


def test_normalisation_by_hand() -> None:
    image = torch.tensor([0, 255, 51], dtype=torch.uint8).view(1, 3, 1, 1)

    pixels = tensor.normalise(image, (0.5, 0.5, 0.0), (0.5, 0.25, 0.2))

    assert pixels.flatten().tolist() == pytest.approx([-1, 2, 1])
