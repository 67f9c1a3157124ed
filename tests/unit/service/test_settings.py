import pytest
from pydantic import ValidationError

from service.settings import Settings


def test_environment_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMN_HTTP_PORT", "9000")
    monkeypatch.setenv("LIMN_DEFAULT_MODEL", "ssl")

    settings = Settings()

    assert (settings.http_port, settings.default_model) == (9000, "ssl")


def test_bounds_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMN_MAX_IN_FLIGHT", "0")

    with pytest.raises(ValidationError, match="max_in_flight"):
        Settings()


def test_service_is_private_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIMN_HTTP_HOST", raising=False)

    assert Settings().http_host == "127.0.0.1"


def test_formats_are_named_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMN_IMAGE_FORMATS", "jpeg, avif")

    assert Settings().image_limits.formats == ("JPEG", "AVIF")


@pytest.mark.parametrize("name", ["svg", "tiff", "pdf", "psd", "jpeg2000", "mp4", ""])
def test_other_formats_cannot_be_asked_for(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LIMN_IMAGE_FORMATS", f"png,{name}")

    with pytest.raises(ValidationError, match=f"no format '{name}' can be read; there are: jpeg"):
        Settings()


def test_memory_for_photos_must_hold_the_largest() -> None:
    with pytest.raises(ValidationError, match="must be at least 27000000, 27 bytes for each"):
        Settings(max_image_pixels=1_000_000, max_image_bytes_in_flight=26_000_000)
