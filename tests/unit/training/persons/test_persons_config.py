"""The configs that the shipped person finder was trained by."""

from pathlib import Path

import pytest

from training.datasets.listing import read_ids
from training.persons.config import read_persons_config

ROOT = Path(__file__).parents[4]
CONFIGS = ROOT / "training" / "persons" / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_config_is_valid_and_named_like_its_file(path: Path) -> None:
    config = read_persons_config(path)

    assert config.name == f"person_{path.stem}"
    assert config.crowded is None or (ROOT / config.crowded).is_file()


def test_each_photo_is_listed_once_as_crowded() -> None:
    ids = read_ids(CONFIGS / "crowded.txt")

    assert len(ids) == len(set(ids)) == 272
