"""The page when something is wrong: in plain words, and it goes on."""

from pathlib import Path

from playwright.sync_api import Route, expect

from tests.e2e.parsing_page import SAMPLE, ParsingPage


def test_service_says_what_is_wrong_with_a_file(page: ParsingPage, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("no photo")

    page.pick(tmp_path / "notes.jpg")

    expect(page["alert-title"]).to_have_text("The image format is not accepted")
    expect(page["alert-detail"]).to_contain_text("JPEG, PNG or WebP")
    expect(page["retry"]).to_be_hidden()
    page["dismiss"].click()
    expect(page["alert"]).to_be_hidden()
    page.try_sample()


def test_setting_that_is_refused_is_named(page: ParsingPage) -> None:
    page.try_sample()

    page["scales"].fill("9")
    page["scales"].press("Enter")

    expect(page["alert-fields"]).to_contain_text("Scales: '9' is no number from 0.25 to 2")
    page["scales"].fill("1")
    page["scales"].press("Enter")
    page.settle()
    expect(page["alert"]).to_be_hidden()


def test_too_many_boxes_are_refused(page: ParsingPage) -> None:
    page.try_sample()

    for _ in range(3):
        page["add-box"].click()

    expect(page["alert-fields"]).to_contain_text("Boxes: 3 boxes; at most 2")


def test_service_that_is_away_can_be_asked_again(page: ParsingPage) -> None:
    page.try_sample()
    page.page.route("**/v1/parse*", lambda route: route.abort())

    page["flip"].check()
    expect(page["alert-title"]).to_have_text("The service cannot be reached")
    page.page.unroute("**/v1/parse*")
    page["retry"].click()
    page.settle()

    expect(page["alert"]).to_be_hidden()


def test_busy_service_says_when_to_come_back(page: ParsingPage) -> None:
    page.try_sample()
    document = '{"type": "urn:limn:problem:overloaded", "title": "Full", "status": 429}'

    def refuse(route: Route) -> None:
        route.fulfill(
            status=429,
            body=document,
            content_type="application/problem+json",
            headers={"Retry-After": "7"},
        )

    page.page.route("**/v1/parse*", refuse)
    page["flip"].check()

    expect(page["alert-detail"]).to_have_text(
        "Others are being served right now. Try again in 7 s."
    )
    expect(page["retry"]).to_be_visible()


def test_what_is_no_picture_is_not_sent(page: ParsingPage, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))

    devices = page.page.context.new_cdp_session(page.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [str(tmp_path / "notes.txt")], "dragOperationsMask": 1}
        devices.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})

    expect(page["alert-title"]).to_have_text("That is no picture")
    assert [url for url in asked if "/v1/" in url] == []


def test_later_question_wins(page: ParsingPage) -> None:
    page.try_sample()
    held: list[Route] = []
    page.page.route("**/v1/parse?flip=true", lambda route: held.append(route))

    page["flip"].check()
    page["flip"].uncheck()
    page.settle()

    assert set(page.legend()) == page.names(SAMPLE.read_bytes(), {})
    expect(page["alert"]).to_be_hidden()
