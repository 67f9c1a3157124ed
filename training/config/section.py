"""What all sections of a config share."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen, and strict about names: a misspelt setting is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
