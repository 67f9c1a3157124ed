import logging
import sys

from service.logs import LineFormatter


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
