import json

import pytest

from limn.errors import CorruptImage, InvalidParameter, LimnError
from service import problems
from service.errors import EngineError, InferenceFailed, Overloaded, ServiceError

BASES = {ServiceError, EngineError}


def concrete_errors() -> set[type[LimnError]]:
    """Every error class without subclasses of its own, in the domain and the gateway."""
    found, open_classes = set(), [LimnError]
    while open_classes:
        subclasses = (current := open_classes.pop()).__subclasses__()
        open_classes += subclasses
        # Other packages, and clients, have errors that never reach the gateway.
        module = current.__module__
        is_ours = module.split(".")[0] in ("limn", "service") and "limn.client" not in module
        if not subclasses and is_ours:
            found.add(current)
    return found


def test_every_concrete_error_has_a_problem() -> None:
    assert set(problems.PROBLEMS) == concrete_errors()


def test_slugs_are_stable_names_of_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for problem in problems.PROBLEMS.values():
        statuses.setdefault(problem.slug, set()).add(problem.status)

    assert all(len(numbers) == 1 for numbers in statuses.values())


def test_field_is_named() -> None:
    document = problems.document_of(InvalidParameter("boxes", "boxes[1]: too small"))

    assert document == {
        "type": "urn:limn:problem:invalid-parameter",
        "title": "A parameter is not acceptable",
        "status": 422,
        "detail": "boxes: boxes[1]: too small",
        "errors": [{"field": "boxes", "detail": "boxes[1]: too small"}],
    }


@pytest.mark.parametrize("error", [InferenceFailed("/srv/secret")])
def test_failure_of_our_own_keeps_its_text(error: LimnError) -> None:
    assert "secret" not in json.dumps(problems.document_of(error))


def test_response_names_path_and_request() -> None:
    scope = {"path": "/v1/parse", "state": {"request_id": "abc"}}

    response = problems.respond(problems.document_of(CorruptImage("cut off")), scope)

    assert response.media_type == "application/problem+json"
    members = json.loads(bytes(response.body))
    assert (members["instance"], members["request_id"]) == ("/v1/parse", "abc")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CorruptImage("cut off"), 400),
        (InvalidParameter("flip", "no"), 400),
        (Overloaded("full"), 429),
    ],
)
def test_inference_protocol_has_errors_of_its_own_shape(error: LimnError, status: int) -> None:
    response = problems.respond(problems.document_of(error), {"path": "/v2/models/a/infer"})

    assert response.status_code == status
    assert json.loads(bytes(response.body)) == {"error": str(error)}


def test_overload_says_when_to_come_back() -> None:
    response = problems.respond(problems.document_of(Overloaded("full")), {"path": "/"})

    assert response.headers["retry-after"] == "1"
