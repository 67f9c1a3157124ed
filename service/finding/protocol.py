"""The seam between the pipeline and what finds persons."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from limn.persons import FoundPerson

FINDING_COST = 1.0
"""Units of work: as many pixels as a canvas of the shipped parsers at scale 1."""


class PersonFinder(Protocol):
    """Finds persons; called in worker threads, several at a time."""

    def find(self, photo: NDArray[np.uint8], most: int) -> tuple[FoundPerson, ...]:
        """The persons of a photo uint8[H, W, 3] RGB, from left to right, the surest `most`.

        Raises:
            InferenceFailed: nothing else; each finder translates its own faults.
        """
        ...
