import pytest
from hypothesis import given
from hypothesis import strategies as st

from limn.errors import InvalidParameter
from limn.geometry import Box, Crop, Letterbox, Region, crops_of, parse_boxes

sides = st.integers(1, 5_000)


def test_boxes_are_parsed() -> None:
    assert parse_boxes("[[1, 2, 3.5, 4], [0, 0, 1e2, 7]]", 2) == (
        Box(1, 2, 3.5, 4),
        Box(0, 0, 100, 7),
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "not JSON"),
        ("[[1,2,3,4]", "not JSON"),
        ("[" * 15_000, "not JSON"),
        ("[[1,2,3,4]]" + " " * 20_000, "longer than"),
        ("[]", "at least one box"),
        ("{}", "at least one box"),
        ("7", "at least one box"),
        ("[1, 2]", r"boxes\[0\]: four numbers"),
        ("[[1,2,3,4],[1,2,3]]", r"boxes\[1\]: four numbers"),
        ('[[1,2,3,"4"]]', r"boxes\[0\]: x1, y1, x2 and y2 must be numbers"),
        ("[[1,2,true,4]]", "must be numbers"),
        ("[[1,2,NaN,4]]", "not a finite"),
        ("[[1,2,1e999,4]]", "not a finite"),
        ("[[1,2,1" + "0" * 400 + ",4]]", "not a finite"),
        ("[[5,2,5,4]]", "x1 < x2 and y1 < y2"),
        ("[[1,4,5,2]]", "x1 < x2 and y1 < y2"),
        ("[[1,2,3,4],[1,2,3,4],[1,2,3,4]]", "3 boxes; at most 2"),
    ],
)
def test_bad_boxes_are_named(text: str, fault: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^boxes: .*{fault}") as refusal:
        parse_boxes(text, 2)

    assert refusal.value.field == "boxes"


def test_box_is_rounded_outwards_and_clipped() -> None:
    assert Box(2.2, 3.9, 5.1, 8).crop((10, 20)) == Crop(3, 2, 8, 6)
    assert Box(-5, -5, 500, 500).crop((10, 20)) == Crop(0, 0, 10, 20)
    assert Box(19.5, 9.5, 30, 30).crop((10, 20)) == Crop(9, 19, 10, 20)
    assert Box(20, 0, 30, 5).crop((10, 20)) is None


def test_no_boxes_mean_the_whole_photo() -> None:
    assert crops_of((), (10, 20)) == (Crop(0, 0, 10, 20),)


def test_box_outside_the_photo_is_named() -> None:
    with pytest.raises(InvalidParameter, match=r"boxes\[1\]: outside the photo, which is 20 wide"):
        crops_of((Box(0, 0, 5, 5), Box(25, 0, 30, 5)), (10, 20))


def test_tall_crop_is_centred_between_columns() -> None:
    box = Letterbox.fit((1024, 512), (384, 256))

    assert (box.content, box.top, box.left) == ((384, 192), 0, 32)
    assert box.region((192, 128)) == Region(0, 16, 192, 112)


def test_wide_crop_is_centred_between_rows() -> None:
    box = Letterbox.fit((100, 300), (384, 256))

    assert (box.content, box.top, box.left) == ((85, 256), 149, 0)


@given(sides, sides, st.integers(16, 600), st.integers(16, 600))
def test_content_lies_on_the_canvas_and_touches_two_edges(
    height: int, width: int, canvas_height: int, canvas_width: int
) -> None:
    box = Letterbox.fit((height, width), (canvas_height, canvas_width))

    assert box.content[0] == canvas_height or box.content[1] == canvas_width
    assert 0 <= box.top <= canvas_height - box.content[0]
    assert 0 <= box.left <= canvas_width - box.content[1]
    assert min(box.content) >= 1


def test_pixel_centres_map_to_the_canvas_and_back() -> None:
    box = Letterbox.fit((8, 4), (16, 16))

    # Twice as large, four columns of padding: the first pixel covers canvas columns 4 and 5.
    assert box.to_canvas(0, 0) == (4.5, 0.5)
    assert box.to_crop(4.5, 0.5) == (0, 0)


@given(sides, sides, st.floats(-10, 5_000), st.floats(-10, 5_000))
def test_mappings_are_inverse(height: int, width: int, x: float, y: float) -> None:
    box = Letterbox.fit((height, width), (384, 256))

    assert box.to_crop(*box.to_canvas(x, y)) == pytest.approx((x, y), abs=1e-6)
