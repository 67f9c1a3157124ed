import numpy as np
import pytest

from limn.labels import LIP, PASCAL_PERSON_PART
from limn.metrics import confusion
from training.comparison import comparison
from training.conditions import by_what_is_shown, factors, size
from training.evaluation import Scored


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param({"hair", "face", "pants", "left-shoe"}, ["full-body"], id="whole-person"),
        pytest.param({"hair", "face", "coat"}, ["upper-body"], id="bust"),
        pytest.param({"face", "pants"}, [], id="cut-at-the-knee"),
        pytest.param({"pants", "socks"}, ["head-missed", "lower-body"], id="legs"),
        pytest.param({"left-arm"}, ["head-missed"], id="arm-alone"),
        pytest.param({"hair", "dress", "left-leg"}, ["full-body", "back-view"], id="from-behind"),
        pytest.param({"hat"}, ["upper-body", "back-view"], id="hat-alone"),
    ],
)
def test_factors_follow_from_what_is_shown(shown: set[str], expected: list[str]) -> None:
    assert factors(shown | {"background"}) == expected


@pytest.mark.parametrize(
    ("area", "name"),
    [(153**2 - 1, "small"), (153**2, "medium"), (321**2 - 1, "medium"), (321**2, "large")],
)
def test_bounds_of_the_sizes(area: int, name: str) -> None:
    assert size(area) == name


def scored(truth: list[list[int]], prediction: list[list[int]], classes: int) -> Scored:
    labels, answer = np.array(truth, np.uint8), np.array(prediction, np.uint8)
    image = np.zeros((*labels.shape, 3), np.uint8)
    return Scored("one", image, labels, answer, confusion(labels, answer, classes))


def test_each_condition_has_a_matrix_of_its_own() -> None:
    hair, pants, unknown = LIP.index("hair"), LIP.index("pants"), 255
    conditions = by_what_is_shown(comparison(LIP, LIP))

    conditions.add(scored([[hair, 0]], [[hair, 0]], 20))
    conditions.add(scored([[pants, unknown]], [[0, hair]], 20))

    found = {e.name: e for e in conditions.evaluations()}
    counts = {name: e.pictures for name, e in found.items()}
    assert [name for name, count in counts.items() if count == 0] == [
        "full-body",
        "medium",
        "large",
    ]
    assert counts["small"] == 2
    assert found["upper-body"].accuracy.pixel_accuracy == 1
    assert found["back-view"].accuracy.pixel_accuracy == 1
    assert found["lower-body"].accuracy.pixel_accuracy == 0
    assert found["head-missed"].accuracy.pixel_accuracy == 0
    assert found["small"].accuracy.pixel_accuracy == pytest.approx(2 / 3)


def test_group_photos_have_sizes_alone() -> None:
    conditions = by_what_is_shown(comparison(PASCAL_PERSON_PART, PASCAL_PERSON_PART))

    conditions.add(scored([[1]], [[1]], 7))

    assert [e.name for e in conditions.evaluations()] == ["small", "medium", "large"]
