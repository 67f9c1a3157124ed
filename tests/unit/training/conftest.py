"""A drawn data set that the tests of this folder share."""

import pytest

from tests.fixtures.lip_dataset import write_lip_dataset
from training.datasets.dataset import ParsingDataset
from training.datasets.lip import open_lip


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> ParsingDataset:
    """Four pictures 192x128; the first one has a hat. Read it, do not change it."""
    root = write_lip_dataset(tmp_path_factory.mktemp("drawn"), train=4, val=1, size=(192, 128))
    return open_lip(root, "train")
