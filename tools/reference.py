"""Write docs/reference from the code: settings, metrics, problems, label sets, commands.

`python -m tools.reference`; with `--openapi FILE` the description of the API, for the site.
"""

import argparse
import json
from pathlib import Path

import typer
from prometheus_client import Metric
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.cli import get_docs_for_click

from cli.main import app
from limn.labels import LABEL_SETS, LabelSet
from service.app import create_app
from service.metrics import Metrics
from service.problems import PROBLEMS, TYPE_PREFIX
from service.settings import Settings

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"

WRITTEN = "<!-- Written by `python -m tools.reference`. -->\n\n"


def settings_page() -> str:
    """Every `LIMN_*` variable with its default and meaning."""
    rows = [
        f"| `LIMN_{name.upper()}` | {_default(field)} | {field.description or ''}{_bounds(field)} |"
        for name, field in Settings.model_fields.items()
    ]
    return (
        "# Settings\n\nEnvironment variables, read when the service starts. `limn doctor` finds"
        " misspelt ones.\n\n| variable | default | meaning |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "stated" in extra:
        return str(extra["stated"])
    value = field.default
    assert value is not PydanticUndefined, "a default that is computed must be stated"
    if value is None or value == ():
        return "none"
    text = ",".join(map(str, value)).lower() if isinstance(value, tuple) else f"{value}"
    return f"`{text}`"


def _bounds(field: FieldInfo) -> str:
    bounds = {type(one).__name__: one for one in field.metadata}
    words = [
        f"{word} {getattr(bounds[kind], kind.lower()):g}"
        for kind, word in (("Ge", "at least"), ("Gt", "above"), ("Le", "at most"))
        if kind in bounds
    ]
    text = ", ".join(words)
    return f"; {text}" if text and field.description else text


def metrics_page() -> str:
    """Every metric of `/metrics` with its kind, labels and unit."""
    families: list[Metric] = list(Metrics().registry.collect())
    rows = [f"| `{_exposed(one)}` | {one.type} | {one.documentation} |" for one in families]
    return (
        "# Metrics\n\n`/metrics`, in Prometheus' text format. Histograms have `_bucket`, `_sum` and"
        " `_count`.\n\n| metric | kind | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _exposed(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def problems_page() -> str:
    """Every problem that a client can be told."""
    told = {problem.slug: problem for problem in PROBLEMS.values()}
    rows = [
        f"| {told[slug].status} | `{slug}` | {told[slug].title} |"
        for slug in sorted(told, key=lambda slug: (told[slug].status, slug))
    ]
    return (
        "# Problems\n\nErrors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) documents,"
        f" whose `type` is `{TYPE_PREFIX}` and one of these, and does not change. 429 and 503 carry"
        " `Retry-After`.\n\n| status | problem | title |\n|---:|---|---|\n" + "\n".join(rows) + "\n"
    )


def labels_page() -> str:
    """Every label set: indices, names, colours."""
    parts = ["# Label sets\n", "The pixel value of a mask is the index; 0 is the background.\n"]
    parts += [_label_set(labels) for labels in LABEL_SETS.values()]
    return "\n".join(parts)


def _label_set(labels: LabelSet) -> str:
    rows = [
        f"| {index} | {name} | `#{r:02x}{g:02x}{b:02x}` |"
        for index, (name, (r, g, b)) in enumerate(zip(labels.classes, labels.colors, strict=True))
    ]
    head = f"## `{labels.name}`\n\n{labels.title}. {labels.source}\n"
    return f"{head}\n| index | name | colour |\n|---:|---|---|\n" + "\n".join(rows) + "\n"


def commands_page() -> str:
    """Every command with its options."""
    command = typer.main.get_command(app)
    with typer.Context(command) as context:
        text = get_docs_for_click(obj=command, ctx=context, name="limn")  # type: ignore[arg-type]
    # Texts of help are for terminals; Markdown needs no entities.
    for entity, character in (("&#x27;", "'"), ("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(entity, character)
    return text.replace("# `limn`", "# Commands", 1).rstrip() + "\n"


PAGES = {
    "settings.md": settings_page,
    "metrics.md": metrics_page,
    "problems.md": problems_page,
    "label-sets.md": labels_page,
    "commands.md": commands_page,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--openapi", type=Path, help="write the description of the API there")
    openapi: Path | None = parser.parse_args().openapi
    if openapi is not None:
        openapi.parent.mkdir(parents=True, exist_ok=True)
        openapi.write_text(json.dumps(create_app(Settings()).openapi(), indent=2))
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(WRITTEN + page())


if __name__ == "__main__":
    main()
