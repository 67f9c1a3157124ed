"""Hooks of MkDocs: the page of the HTTP API, and links to files that are not part of the site."""

import re
import subprocess
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

OPENAPI = Path("build/openapi.json")
"""Written by `python -m tools.reference --openapi`."""

_LINK = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#]+)(#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add reference/http.md."""
    page = Path("build/http.md")
    tool = Path(sys.executable).parent / "oad"
    subprocess.run([tool, "gen-docs", "-s", OPENAPI, "-d", page], check=True)  # noqa: S603 - our own
    text = page.read_text().replace("# Limn <", "# HTTP <", 1)
    files.append(File.generated(config, "reference/http.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A link that leaves the folder of the documents becomes the name of the file."""
    here = Path(page.file.src_uri).parent

    def named(link: re.Match[str]) -> str:
        target = Path("docs", here, link[2])
        parts: list[str] = []
        for part in target.parts:
            if part == "..":
                parts.pop()
            else:
                parts.append(part)
        inside = parts[:1] == ["docs"]
        return link[0] if inside else f"{link[1]} (`{'/'.join(parts)}`)"

    return _LINK.sub(named, markdown)
