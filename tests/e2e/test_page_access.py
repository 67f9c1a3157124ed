"""The page without a pointer, and for those who hear it."""

from typing import Any

from playwright.sync_api import expect

from tests.e2e.parsing_page import SAMPLE, ParsingPage

_MOST_STOPS = 60
_HAS_FOCUS = "id => document.activeElement.id === id || document.activeElement.closest('#' + id)"
_OPERABLE = {"button", "link", "radio", "slider", "switch", "checkbox", "combobox", "textbox"}


def tab_to(page: ParsingPage, element: str, key: str = "Tab") -> None:
    """Press Tab until the element with this id, or what is in it, has the focus."""
    for _ in range(_MOST_STOPS):
        page.page.keyboard.press(key)
        if page.page.evaluate(_HAS_FOCUS, element):
            return
    raise AssertionError(f"{element} cannot be reached")


def test_sample_is_parsed_without_a_pointer(page: ParsingPage) -> None:
    tab_to(page, "sample")
    page.page.keyboard.press("Enter")
    page.settle()

    # What had the focus is gone; the next stop is in what came instead.
    tab_to(page, "opacity")
    page.page.keyboard.press("ArrowLeft")
    expect(page["opacity-value"]).to_have_text("59 %")


def test_photo_and_mask_are_compared_without_a_pointer(page: ParsingPage) -> None:
    page.try_sample()

    page["main"].focus()
    tab_to(page, "stage-tools")
    page.page.keyboard.press("ArrowRight")
    tab_to(page, "divider", "Shift+Tab")
    page.page.keyboard.press("Home")

    expect(page["stage"]).to_have_attribute("data-mode", "compare")
    assert page["divider"].input_value() == "0"


def test_part_is_lit_without_a_pointer(page: ParsingPage) -> None:
    page.try_sample()

    tab_to(page, "legend")

    alpha = page.layer()[..., 3]
    labels = page.labels(SAMPLE.read_bytes())
    assert alpha[labels == 5].min() > alpha[labels != 5].max()
    page.page.keyboard.press("Enter")
    expect(page["legend"].get_by_role("button", name="Upper clothes")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_boxes_are_set_without_a_pointer(page: ParsingPage) -> None:
    page.try_sample()
    box = page["boxes"].locator(".box")

    tab_to(page, "add-box")
    page.page.keyboard.press("Enter")
    expect(box).to_be_focused()
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowDown", "Shift+ArrowLeft"):
        page.page.keyboard.press(key)

    # In steps of 10 pixels: the box moved right and up, then its corner down and left.
    expect(box).to_have_attribute("aria-label", "Person 1: from 138, 54 to 384, 448")
    expect(page["snippet"]).to_contain_text("138,54")
    page.page.keyboard.press("Delete")
    expect(box).to_have_count(0)


def test_label_set_is_changed_without_a_pointer(page: ParsingPage) -> None:
    page.try_sample()

    tab_to(page, "label-set")
    page.page.keyboard.press("ArrowDown")
    page.settle()

    expect(page["snippet"]).to_contain_text("label_set=atr")


def test_first_stop_leads_past_the_heading(page: ParsingPage) -> None:
    page.page.keyboard.press("Tab")

    expect(page.page.get_by_text("Skip to the photo")).to_be_focused()


def test_what_is_found_is_said(page: ParsingPage) -> None:
    page.try_sample()

    expect(page["status"]).to_have_text("Found: " + ", ".join(page.legend()), use_inner_text=False)


def test_everything_that_can_be_used_has_a_name(page: ParsingPage) -> None:
    page.try_sample()
    page["add-box"].click()

    nodes = _tree(page)

    usable = [node for node in nodes if node["role"]["value"] in _OPERABLE]
    assert len(usable) > 25
    assert [node for node in usable if not node["name"]["value"]] == []


def _tree(page: ParsingPage) -> list[dict[str, Any]]:
    """What a screen reader is given."""
    session = page.page.context.new_cdp_session(page.page)
    tree = session.send("Accessibility.getFullAXTree")
    return [node for node in tree["nodes"] if not node["ignored"]]
