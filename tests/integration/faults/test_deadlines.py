"""Deadlines that cannot be, or cannot be kept; `test_attendance.py` has those that are kept."""

from typing import Any

import pytest

from tests.fixtures import pictures
from tests.integration.faults.asking import Service, check

HEADER = "X-Request-Timeout-Ms"


@pytest.mark.parametrize(
    "value",
    [
        "0",
        "-1",
        "1.5",
        "soon",
        "",
        "1e3",
        "0x10",
        "+5",
        "5 5",
        "9" * 30,
        "9" * 5_000,
        "\N{SUPERSCRIPT TWO}",
    ],
    ids=lambda value: ascii(value[:8]) or "nothing",
)
@pytest.mark.parametrize("path", ["/v1/parse", "/v1/parse/batch", "/v2/models/baseline/infer"])
def test_deadline_that_is_no_number_is_refused(service: Service, path: str, value: str) -> None:
    headers = {HEADER: value.encode("latin-1")}

    answer = service.post(path, content=pictures.jpeg(), headers=headers)

    if path.startswith("/v2"):
        assert answer.status_code == 400, answer.text
        assert HEADER in answer.json()["error"]
    else:
        document = check(answer, 422, "invalid-parameter")
        assert [error["field"] for error in document["errors"]] == [HEADER]


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"headers": {HEADER: "1"}, "content": pictures.jpeg()}, id="header"),
        pytest.param({"params": {"timeout_ms": "1"}, "content": pictures.jpeg()}, id="query"),
        pytest.param(
            {"files": {"image": ("a", pictures.jpeg())}, "data": {"timeout_ms": "1"}}, id="form"
        ),
    ],
)
def test_deadline_of_a_millisecond_is_missed_and_says_so(
    service: Service, how: dict[str, Any]
) -> None:
    document = check(service.post(**how), 504, "timeout")

    assert document["detail"] == "no answer within the 1 ms that the request allows"
