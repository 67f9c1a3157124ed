from pathlib import Path

import pytest
from pydantic import ValidationError

from limn.errors import InvalidParameter
from limn.geometry import Box
from limn.labels import PPSS
from service.errors import UnknownLabelSet, UnknownModel
from service.parameters import ParseLimits, ParseParameters, ParsePlan, plan
from service.repository import ModelRepository
from tests.fixtures.models import write_model


@pytest.fixture
def repository(tmp_path: Path) -> ModelRepository:
    write_model(tmp_path)
    write_model(tmp_path, name="wards", label_set=PPSS)
    return ModelRepository(tmp_path, None)


def planned(repository: ModelRepository, **parameters: object) -> ParsePlan:
    return plan(ParseParameters.model_validate(parameters), repository, ParseLimits())


def test_model_s_own_settings_are_the_default(repository: ModelRepository) -> None:
    default = planned(repository)

    assert default.model.id.name == "baseline"
    assert default.tta.scales == (0.8, 1, 1.2)
    assert not default.tta.flip
    assert default.boxes == ()
    assert default.label_set.name == "lip"
    assert default.lookup is None
    assert default.output == "mask"


def test_settings_of_the_request_are_taken(repository: ModelRepository) -> None:
    asked = planned(repository, scales=" 1 ,0.5", flip="true", boxes="[[1,2,3,4]]", alpha="0.25")

    assert asked.tta.scales == (1, 0.5)
    assert asked.tta.flip
    assert asked.boxes == (Box(1, 2, 3, 4),)
    assert asked.alpha == 0.25


def test_other_label_set_comes_with_a_table(repository: ModelRepository) -> None:
    asked = planned(repository, label_set="ppss")

    assert asked.label_set is PPSS
    assert asked.lookup is not None
    # LIP's hair, 2, is PPSS's hair, 1.
    assert asked.lookup[2] == 1


def test_own_label_set_needs_no_table(repository: ModelRepository) -> None:
    assert planned(repository, label_set="lip").lookup is None


@pytest.mark.parametrize(
    ("scales", "fault"),
    [
        ("", "'' is no number from 0.25 to 2"),
        ("1,", "'' is no number"),
        ("one", "'one' is no number"),
        ("nan", "'nan' is no number"),
        ("0.2", "'0.2' is no number from 0.25 to 2"),
        ("2.5", "'2.5' is no number"),
        ("1e999", "is no number"),
        (",".join(["1"] * 9), "9 scales; at most 8"),
    ],
)
def test_bad_scales_are_named(repository: ModelRepository, scales: str, fault: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^scales: .*{fault}") as refusal:
        planned(repository, scales=scales)

    assert refusal.value.field == "scales"


def test_unknown_names_are_refused(repository: ModelRepository) -> None:
    with pytest.raises(UnknownModel):
        planned(repository, model="nope")
    with pytest.raises(UnknownLabelSet):
        planned(repository, label_set="cihp")


def test_label_set_that_cannot_be_reached_names_the_field(repository: ModelRepository) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        planned(repository, model="wards", label_set="lip")

    assert refusal.value.field == "label_set"


@pytest.mark.parametrize(
    "parameters",
    [{"alpha": 1.5}, {"alpha": "nan"}, {"output": "gif"}, {"version": 0}, {"colour": "red"}],
)
def test_value_out_of_bounds_is_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ParseParameters.model_validate(parameters)
