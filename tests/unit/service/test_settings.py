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
