"""What can be wrong when people are rendered, in our words."""

from limn.errors import LimnError


class SynthesisError(LimnError):
    """Rendered pictures cannot be made: a part, a tool or a folder is not as it must be."""
