"""`/`: the page where a person tries the service with a photo of their own."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from service.security_headers import CONTENT_SECURITY_POLICY

router = APIRouter(include_in_schema=False)

_PAGE = Path(__file__).resolve().parent.parent / "static" / "page" / "index.html"
_HEADERS = {
    # Photos and masks are shown from memory, as blobs.
    CONTENT_SECURITY_POLICY: "default-src 'self'; img-src 'self' blob: data:; object-src 'none';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}


@router.get("/")
async def page() -> FileResponse:
    return FileResponse(_PAGE, media_type="text/html", headers=_HEADERS)
