"""What can be wrong with a data set, a config or a checkpoint, in our words."""

from limn.errors import LimnError


class DatasetError(LimnError):
    """A data set is not laid out, or not labelled, as its layout says."""


class ConfigError(LimnError):
    """A training config does not say what a run needs, or says something impossible."""


class CheckpointError(LimnError):
    """A checkpoint or a file of weights cannot be used for this network."""


class TrainingDiverged(LimnError):
    """The loss of a batch was infinite or not a number; what was learnt since is lost.

    Attributes:
        epoch, batch: where, from 1.
    """

    def __init__(self, epoch: int, batch: int) -> None:
        super().__init__(
            f"the loss of batch {batch} of epoch {epoch} is not a finite number; last.pt is of the"
            " epoch before. Lower the learning rates or lengthen the warm-up, in a run of its own"
        )
        self.epoch, self.batch = epoch, batch
