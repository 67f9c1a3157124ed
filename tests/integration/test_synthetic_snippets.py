"""What the page on rendered people tells to type, typed: ten pictures instead of 3,000."""

from pathlib import Path

import pytest

from tests.fixtures.ccp import CCP, needs_ccp
from tests.fixtures.checkout import checkout
from tests.fixtures.rendering import PARTS, needs_blender
from tests.fixtures.shell import run

pytestmark = [pytest.mark.slow, needs_blender, needs_ccp]

COUNT = 10


@pytest.mark.types(
    {"docs/synthetic.md": ["make synthetic", "limn synthesize", "limn prepare check"]}
)
def test_people_are_rendered_and_checked(commands: list[str], tmp_path: Path) -> None:
    make, synthesize, check = commands
    place = checkout(tmp_path / "limn")
    # Beside the checkout, as the page has them.
    (tmp_path / "shared").mkdir()
    for path in (PARTS, CCP):
        (tmp_path / "shared" / path.name).symlink_to(path.resolve())
    assert "--count 3000" in synthesize

    run(make, place)
    table = run(synthesize.replace("--count 3000", f"--count {COUNT}"), place)
    checked = run(check, place)

    assert f"{COUNT} pictures" in table
    assert "train: 9 pictures" in checked
    assert "val: 1 pictures" in checked
    assert list((place / "data/synthetic/sheets").iterdir())
