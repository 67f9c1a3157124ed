"""Which CCP photos are used, and on which side of the split."""

from collections.abc import Mapping

BROKEN = {
    "0536": "its annotation is empty although it shows a person",
    "0868": "only part of the person is annotated",
    "0453": "the pose found is a passer-by's",
    "0972": "the pose found is a passer-by's",
}
"""Photos that cannot be converted, with the reason."""

TWINS = {
    "0722": "nearly the same photo as 0594 of the validation set",
    "0990": "nearly the same photo as 0907 of the validation set",
}
"""Training photos that would leak the validation set, with the reason."""


def select(
    split: Mapping[str, tuple[str, ...]],
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Leave out what must not be trained on or scored.

    Args:
        split: photo ids by subset, `train` and `val`.

    Returns:
        The ids to use by subset, and the reason by id for those of `split` that are left out.
    """
    unused = {"train": BROKEN | TWINS, "val": BROKEN}
    kept = {
        subset: tuple(photo_id for photo_id in ids if photo_id not in unused[subset])
        for subset, ids in split.items()
    }
    excluded = {
        photo_id: unused[subset][photo_id]
        for subset, ids in split.items()
        for photo_id in ids
        if photo_id in unused[subset]
    }
    return kept, dict(sorted(excluded.items()))
