"""Which version of a model is served where none is named: one file that every server follows."""

from collections.abc import Collection
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from limn.errors import PromotionError

PROMOTION_FILE = "promotion.json"


class Promotion(BaseModel):
    """What `<name>/promotion.json` holds; `<name>_parse` follows that of its network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    served: int = Field(ge=1, description="version answered where none is named")
    previous: tuple[int, ...] = Field(default=(), description="served before it, oldest first")

    def promoted(self, version: int) -> "Promotion":
        """With another version served, and the present one to go back to."""
        if version == self.served:
            return self
        return Promotion(served=version, previous=(*self.previous, self.served))

    def rolled_back(self) -> "Promotion":
        """With the version served that was served before; PromotionError where there is none."""
        if not self.previous:
            raise PromotionError(f"version {self.served} is the first: nothing to roll back to")
        return Promotion(served=self.previous[-1], previous=self.previous[:-1])


def read_promotion(model: Path, versions: Collection[int]) -> Promotion:
    """What is promoted in a model's folder; its highest version where nothing was.

    Args:
        model: folder `<repository>/<name>`.
        versions: that are there, at least one.

    Raises:
        PromotionError: the file is not a promotion.
    """
    path = model / PROMOTION_FILE
    try:
        return Promotion.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Promotion(served=max(versions))
    except OSError as exc:
        raise PromotionError(f"{path} cannot be read: {exc.strerror}") from exc
    except ValidationError as exc:
        raise PromotionError(f"{path} does not say which version is served: {exc}") from exc


def served_version(model: Path, versions: Collection[int]) -> int:
    """The version that `read_promotion` names; PromotionError where it is not there."""
    served = read_promotion(model, versions).served
    if served not in versions:
        known = ", ".join(map(str, sorted(versions)))
        raise PromotionError(
            f"{model / PROMOTION_FILE} promotes version {served}, which is not there;"
            f" there are: {known}"
        )
    return served
