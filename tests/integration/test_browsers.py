"""What pages in a browser may do: of other origins, and our own."""

import base64
import hashlib
import re
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings


def _preflight(client: TestClient) -> httpx2.Response:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    return client.options("/v1/parse", headers=asked)


def test_pages_of_other_origins_may_not_ask(client: TestClient) -> None:
    plain = client.get("/livez", headers={"Origin": "https://app.example"})

    assert "access-control-allow-origin" not in _preflight(client).headers
    assert "access-control-allow-origin" not in plain.headers


def test_pages_of_origins_that_are_named_may(repository: Path) -> None:
    settings = Settings.model_validate(
        {"model_repository": repository, "grpc_port": 0, "cors_origins": "https://app.example"}
    )
    with TestClient(create_app(settings)) as client:
        preflight = _preflight(client)
        other = client.get("/livez", headers={"Origin": "https://other.example"})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-credentials" not in preflight.headers
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("origin", ["*", "app.example", "https://app.example/path", "null"])
def test_origin_that_is_none_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        Settings.model_validate({"cors_origins": origin})


def test_page_may_run_its_own_scripts_alone(client: TestClient) -> None:
    page = client.get("/docs")

    policy = page.headers["content-security-policy"]
    (script,) = re.findall(rb"<script>(.*?)</script>", page.content, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "no-referrer"


def test_nothing_is_sniffed(client: TestClient) -> None:
    for answer in (client.get("/livez"), client.get("/nope"), client.get("/docs")):
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" not in client.get("/livez").headers
