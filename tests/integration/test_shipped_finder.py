"""The shipped person finder on photos of people and of none; scikit-image ships them."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from limn.persons import overlaps
from service.finding.onnx_finder import OnnxFinder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def finder() -> OnnxFinder:
    return OnnxFinder.load(ROOT / "person_finder")


def boxes(finder: OnnxFinder, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    found = finder.find(photo, most=64)
    rows = [(one.box.x1, one.box.y1, one.box.x2, one.box.y2) for one in found]
    return np.array(rows, np.float32).reshape(-1, 4)


def photo_of(name: str) -> NDArray[np.uint8]:
    photo: NDArray[np.uint8] = getattr(data, name)()
    return np.stack([photo] * 3, axis=2) if photo.ndim == 2 else photo


# Drawn around them by hand.
@pytest.mark.parametrize(
    ("name", "person"), [("astronaut", (60, 0, 380, 512)), ("camera", (70, 80, 260, 512))]
)
def test_person_is_found(
    finder: OnnxFinder, name: str, person: tuple[float, float, float, float]
) -> None:
    (box,) = boxes(finder, photo_of(name))

    assert overlaps(box, np.array([person], np.float32))[0] > 0.5


@pytest.mark.parametrize("width", [1024, 600, 320])
def test_two_persons_side_by_side_are_found(finder: OnnxFinder, width: int) -> None:
    import cv2

    one = photo_of("astronaut")
    both = np.concatenate([one, one[:, ::-1]], axis=1)
    shown = cv2.resize(both, (width, width // 2), interpolation=cv2.INTER_AREA).astype(np.uint8)

    left, right = boxes(finder, shown) * 1024 / width

    people = np.array([[60, 0, 380, 512], [644, 0, 964, 512]], np.float32)
    assert overlaps(left, people)[0] > 0.5
    assert overlaps(right, people)[1] > 0.5


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket", "brick", "page"])
def test_nobody_is_found_where_nobody_is(finder: OnnxFinder, name: str) -> None:
    assert boxes(finder, photo_of(name)).shape == (0, 4)


def test_contract_says_what_went_in_and_what_was_measured(finder: OnnxFinder) -> None:
    contract = finder.contract

    assert {source.role for source in contract.sources} == {"training", "initial weights"}
    assert all(source.licence for source in contract.sources)
    assert [one.persons for one in contract.measured[:5]] == [
        one.photos * persons for persons, one in enumerate(contract.measured[:5], start=1)
    ]
