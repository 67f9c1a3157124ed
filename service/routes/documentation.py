"""`/docs`: the API to read and to try, drawn by files of our own so that it works offline."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

FILES = StaticFiles(directory=Path(__file__).resolve().parent.parent / "static")

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def documentation() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Limn",
        swagger_js_url="/static/swagger-ui-bundle.min.js",
        swagger_css_url="/static/swagger-ui.css",
        # An empty icon; the default one would be fetched from another host.
        swagger_favicon_url="data:,",
        # Nor is the schema sent to a validator elsewhere.
        swagger_ui_parameters={"validatorUrl": None},
    )
