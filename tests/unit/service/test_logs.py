import json
import logging
import sys
from typing import Any

from service.log_context import log_fields
from service.logs import JsonFormatter, LineFormatter


def formatted(message: str, *arguments: object, failure: Exception | None = None) -> str:
    fault = None
    if failure is not None:
        try:
            raise failure
        except Exception:
            fault = sys.exc_info()
    record = logging.LogRecord("limn.http", logging.INFO, "f", 1, message, arguments, fault)
    return LineFormatter("%(levelprefix)s %(message)s", use_colors=False).format(record)


def test_line_stays_one_line() -> None:
    evil = "a\r\nINFO:     all is well\x1b[2J\x9b\u2028\x00"

    line = formatted("request %s", evil)

    assert line == (r"INFO:     request a\r\nINFO:     all is well\x1b[2J\x9b\u2028\x00")


def test_text_of_a_failure_cannot_look_like_a_line() -> None:
    lines = formatted("failed", failure=ValueError("x\nINFO:     all is well\x1b[2J")).split("\n")

    assert lines[0] == "INFO:     failed"
    assert all(line.startswith("    | ") for line in lines[1:])
    assert lines[-1] == r"    | INFO:     all is well\x1b[2J"


def as_json(message: str, *arguments: object, **extra: object) -> dict[str, Any]:
    record = logging.LogRecord("limn.http", logging.WARNING, "f", 1, message, arguments, None)
    record.__dict__.update(extra)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_json_line_says_of_which_request_it_is() -> None:
    with log_fields(request_id="r1"), log_fields(trace_id="t1"):
        line = as_json("took %d ms", 7, fields={"status": 200, "problem": None})

    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "limn.http",
        "message": "took 7 ms",
        "request_id": "r1",
        "trace_id": "t1",
        "status": 200,
    }
    assert "request_id" not in as_json("later")


def test_json_line_stays_one_line() -> None:
    evil = 'a\r\n{"level": "info"}\x1b[2J\x9b\u2028'

    assert as_json("request %s", evil)["message"] == f"request {evil}"
