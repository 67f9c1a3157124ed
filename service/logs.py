"""How the service logs: one line per event, whatever a client puts into it."""

import copy
import logging
import re
from types import TracebackType
from typing import Any

import uvicorn
from uvicorn.logging import DefaultFormatter

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


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], text)


def log_config(level: str) -> dict[str, Any]:
    """For `logging.config`: uvicorn's loggers and ours, on stderr."""
    config: dict[str, Any] = copy.deepcopy(uvicorn.config.LOGGING_CONFIG)
    config["formatters"]["default"]["()"] = f"{__name__}.{LineFormatter.__name__}"
    # What libraries warn of, which clients can bring up, would else be printed as it is.
    config["root"] = {"handlers": ["default"], "level": "WARNING"}
    config["loggers"]["limn"] = {
        "handlers": ["default"],
        "level": level.upper(),
        "propagate": False,
    }
    return config
