"""How the service logs: one line per event, whatever a client puts into it."""

import copy
import json
import logging
import re
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

import uvicorn
from uvicorn.logging import DefaultFormatter

from service.log_context import fields_here

LogFormat = Literal["text", "json"]

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_INDENT = "    | "


class LineFormatter(DefaultFormatter):
    """uvicorn's, with every control character escaped, and tracebacks set off by their margin."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        record.message = _printable(record.message)
        return super().formatMessage(record)

    def formatException(  # noqa: N802 - logging's own name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        lines = super().formatException(ei).split("\n")
        return "\n".join(_INDENT + _printable(line) for line in lines)


class JsonFormatter(logging.Formatter):
    """An object a line, for machines; escapes of JSON keep it one line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields_here(),
            **getattr(record, "fields", {}),
        }
        line = {name: value for name, value in line.items() if value is not None}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], text)


def log_config(level: str, kind: LogFormat) -> dict[str, Any]:
    """For `logging.config`: uvicorn's loggers and ours, on stderr."""
    config: dict[str, Any] = copy.deepcopy(uvicorn.config.LOGGING_CONFIG)
    if kind == "json":
        config["formatters"]["default"] = {"()": f"{__name__}.{JsonFormatter.__name__}"}
    else:
        config["formatters"]["default"]["()"] = f"{__name__}.{LineFormatter.__name__}"
    # What libraries warn of, which clients can bring up, would else be printed as it is.
    config["root"] = {"handlers": ["default"], "level": "WARNING"}
    config["loggers"]["limn"] = {
        "handlers": ["default"],
        "level": level.upper(),
        "propagate": False,
    }
    return config
