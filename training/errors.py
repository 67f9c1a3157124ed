"""What can be wrong with a data set, a config or a checkpoint, in our words."""

from limn.errors import LimnError


class DatasetError(LimnError):
    """A data set is not laid out, or not labelled, as its layout says."""


class ConfigError(LimnError):
    """A training config does not say what a run needs, or says something impossible."""


class CheckpointError(LimnError):
    """A checkpoint or a file of weights cannot be used for this network."""
