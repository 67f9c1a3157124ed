"""`/docs`: the API to read and to try, drawn by files of our own so that it works offline."""

import base64
import hashlib
import re
from pathlib import Path

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from service.security_headers import CONTENT_SECURITY_POLICY


class _Files(StaticFiles):
    """Browsers ask whether a file has changed, so that never two versions of them meet."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


FILES = _Files(directory=Path(__file__).resolve().parent.parent / "static")

router = APIRouter(include_in_schema=False)


def _page() -> HTMLResponse:
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Limn",
        swagger_js_url="/static/swagger-ui-bundle.min.js",
        swagger_css_url="/static/swagger-ui.css",
        # An empty icon; the default one would be fetched from another host.
        swagger_favicon_url="data:,",
        # Nor is the schema sent to a validator elsewhere.
        swagger_ui_parameters={"validatorUrl": None},
    )
    scripts = re.findall(rb"<script>(.*?)</script>", page.body, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    # Swagger UI styles its elements one by one, and draws icons of its own.
    page.headers[CONTENT_SECURITY_POLICY] = (
        f"default-src 'none'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
    return page


@router.get("/docs")
async def documentation() -> HTMLResponse:
    return _page()
