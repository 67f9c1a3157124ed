"""The recipe that a config names: ours, or one of the two papers'."""

import numpy as np
from numpy.typing import NDArray

from training.augment.mman import MmanRecipe
from training.augment.picture_recipe import PictureRecipe
from training.augment.recipe import Recipe
from training.augment.ssl import SslRecipe
from training.config.data import DataSection
from training.datasets.dataset import ParsingDataset


def make_recipe(
    data: DataSection, dataset: ParsingDataset, rare_classes: NDArray[np.intp]
) -> PictureRecipe:
    """`rare_classes` are class indices that ours shows more often; the papers know none."""
    match data.recipe:
        case "mman":
            return MmanRecipe(dataset)
        case "ssl":
            return SslRecipe(dataset)
        case "limn":
            return Recipe(dataset, rare_classes, data.view_shares)
