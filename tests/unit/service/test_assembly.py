import numpy as np
from numpy.typing import NDArray

from limn.geometry import Crop, Letterbox
from service.assembly import Assembly
from service.engines.scores import HostScores


def flat(label: int, score: float, classes: int = 4) -> NDArray[np.float32]:
    """float32[classes, 4, 4]: one class wins everywhere, with `score`."""
    scores = np.full((classes, 4, 4), (1 - score) / (classes - 1), np.float32)
    scores[label] = score
    return scores


def paste(*persons: tuple[Crop, NDArray[np.float32]]) -> tuple[list[list[int]], list[list[int]]]:
    photo = Assembly((2, 4), tells_apart=True)
    for index, (crop, scores) in enumerate(persons):
        photo.paste(index, crop, Letterbox.fit(crop.size, (8, 8)), HostScores(scores))
    assert photo.owner is not None
    return photo.label_map.tolist(), photo.owner.tolist()


def test_crop_is_pasted_where_it_was() -> None:
    labels, owner = paste((Crop(1, 1, 2, 3), flat(2, 0.9)))

    assert labels == [[0, 0, 0, 0], [0, 2, 2, 0]]
    assert owner == [[0, 0, 0, 0], [0, 1, 1, 0]]


def test_surer_person_wins_an_overlap_whatever_the_order() -> None:
    left, right = (Crop(0, 0, 2, 3), flat(1, 0.6)), (Crop(0, 1, 2, 4), flat(3, 0.8))

    assert paste(left, right)[0] == [[1, 3, 3, 3]] * 2
    assert paste(right, left)[0] == [[1, 3, 3, 3]] * 2


def test_background_never_covers_a_person() -> None:
    labels, owner = paste((Crop(0, 0, 2, 3), flat(1, 0.4)), (Crop(0, 1, 2, 4), flat(0, 0.99)))

    assert labels == [[1, 1, 1, 0]] * 2
    assert owner == [[1, 1, 1, 0]] * 2


def test_earlier_person_stays_on_a_tie() -> None:
    whole = Crop(0, 0, 2, 4)

    assert paste((whole, flat(1, 0.7)), (whole, flat(2, 0.7)))[0] == [[1] * 4] * 2


def test_person_alone_is_not_told_apart() -> None:
    photo = Assembly((2, 4), tells_apart=False)

    photo.paste(0, Crop(0, 1, 2, 4), Letterbox.fit((2, 3), (8, 8)), HostScores(flat(1, 0.7)))

    assert photo.label_map.tolist() == [[0, 1, 1, 1]] * 2
    assert photo.owner is None
    assert photo.confidence is None


def test_translation_looks_every_pixel_up() -> None:
    photo = Assembly((2, 4), tells_apart=False)
    photo.paste(0, Crop(0, 0, 2, 4), Letterbox.fit((2, 4), (8, 8)), HostScores(flat(1, 0.7)))
    table = np.zeros(256, np.uint8)
    table[1] = 7

    photo.translate(table.tobytes())

    assert photo.label_map.tolist() == [[7] * 4] * 2


def test_photo_of_one_person_is_painted_where_its_scores_are() -> None:
    whole, palette = Crop(0, 0, 2, 4), np.arange(768, dtype=np.uint8).reshape(256, 3)
    photo = Assembly((2, 4), tells_apart=False, palette=palette)

    photo.paste(0, whole, Letterbox.fit((2, 4), (8, 8)), HostScores(flat(2, 0.7)))

    assert photo.colors is not None
    assert photo.colors.tolist() == [[[6, 7, 8]] * 4] * 2
    assert photo.label_map.tolist() == [[2] * 4] * 2


def test_what_is_put_together_is_not_painted_yet() -> None:
    palette = np.zeros((256, 3), np.uint8)
    part, both = (Assembly((2, 4), tells, palette) for tells in (False, True))

    for photo in (part, both):
        photo.paste(0, Crop(0, 1, 2, 4), Letterbox.fit((2, 3), (8, 8)), HostScores(flat(1, 0.7)))

    assert part.colors is None
    assert both.colors is None
