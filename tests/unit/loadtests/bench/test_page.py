"""The page and the picture, on figures that were made up."""

from pathlib import Path

from PIL import Image

from loadtests.bench.page import page, percent, text
from loadtests.bench.plots import plot
from loadtests.bench.summary import Spread
from tests.unit.loadtests.bench.figures import TITLES, TURNS, opened


def test_range_is_left_out_where_there_is_none() -> None:
    assert text(Spread(1234.56, 1000, 2000)) == "1,234.6 (1,000.0 to 2,000.0)"
    assert text(Spread(2, 2, 2), 0) == "2"
    assert text(None) == "-"
    assert percent(Spread(0.856, 0.8, 0.9)) == "86 (80 to 90) %"


def test_page_has_a_row_per_server_and_load() -> None:
    found = {"turns": TURNS, "titles": TITLES, "installed_mib": {"limn": 400.0, "other": None}}

    written = page(found, ["- Command: `bench`"])

    assert "- Command: `bench`" in written
    assert (
        "| Limn | 26.0 (16.0 to 36.0) | 85 (80 to 90) % | 1.00 | 10.5 (10.0 to 11.0) |" in written
    )
    assert "| Another | 14.0 (8.0 to 20.0) | 45 (40 to 50) % | 1.90 (1.80 to 2.00) |" in written
    assert (
        "| Limn | 2 | 26.0 (16.0 to 36.0) | 85 (80 to 90) % | 80 | 80 | 80 | 90.0 | 0 |" in written
    )
    assert "| Another | 80% | 11.2 (6.4 to 16.0) | 36 (32 to 40) % | 100 % | 70 |" in written
    # 2 ms for each of 100 photos per second.
    assert "never used more than 20.0% of one core" in written
    assert written.endswith("No request failed.\n")


def test_page_tells_errors_and_overload() -> None:
    refused = {"answered_share": 0.1, "refusal_ms": 2.0, "errors": {"Status: 429": 90}}
    overload = opened(10, 14, 500, **refused) | {"recovery_s": 0.2, "memory_mib": 300.0}
    turns = [each | {"overload": overload} for each in TURNS]
    found = {"turns": turns, "titles": TITLES, "installed_mib": dict.fromkeys(TITLES)}

    written = page(found, [])

    row = "| Limn | 14.0 | 52 (35 to 70) % | 10 % | 500 | 500 | 500 | 2.0 | 180 | 0.2 | 300 |"
    assert row in written
    assert "- Limn, overload: 180 x Status: 429" in written


def test_page_tells_what_limn_s_operators_bring() -> None:
    loop = {"cores": 2, "photos_per_second": 48.0, "alone_ms": 20.0}
    turns = [each | {"kernels": loop if each["peer"] == "limn" else None} for each in TURNS]
    found = {"turns": turns, "titles": TITLES, "installed_mib": dict.fromkeys(TITLES)}

    written = page(found, [])

    assert "does 1.80 (1.20 to 2.40) times as much as the ceiling" in written
    assert "Limn is at 54 (33 to 75) % of that." in written
    without = page(found | {"turns": TURNS}, [])
    assert "operators does" not in without


def test_picture_is_drawn(tmp_path: Path) -> None:
    plot(TURNS, TITLES, tmp_path / "bench.png")

    with Image.open(tmp_path / "bench.png") as picture:
        assert picture.size == (1650, 550)
