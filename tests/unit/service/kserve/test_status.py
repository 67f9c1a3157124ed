import grpc
import pytest

from limn.errors import CorruptImage, ImageTooLarge, InvalidParameter
from service import errors
from service.kserve.status import status_of


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CorruptImage("x"), grpc.StatusCode.INVALID_ARGUMENT),
        (InvalidParameter("a", "b"), grpc.StatusCode.INVALID_ARGUMENT),
        (ImageTooLarge("x"), grpc.StatusCode.INVALID_ARGUMENT),
        (errors.MalformedBody("x"), grpc.StatusCode.INVALID_ARGUMENT),
        (errors.UnknownModel("x"), grpc.StatusCode.NOT_FOUND),
        (errors.UnknownLabelSet("x"), grpc.StatusCode.NOT_FOUND),
        (errors.Overloaded("x"), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (errors.EngineUnavailable("x"), grpc.StatusCode.UNAVAILABLE),
        (errors.AnswerTimeout("x"), grpc.StatusCode.DEADLINE_EXCEEDED),
        (errors.InferenceFailed("x"), grpc.StatusCode.INTERNAL),
    ],
)
def test_status_follows_from_the_table_of_problems(error: Exception, code: grpc.StatusCode) -> None:
    assert status_of(error)[0] == code


def test_what_is_wrong_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert status_of(InvalidParameter("pixels", "is FP32"))[1] == "pixels: is FP32"
    assert len(status_of(InvalidParameter("x" * 100_000, "is long"))[1]) == 500
    assert "secret" not in status_of(errors.InferenceFailed("a secret path"))[1]
    assert "secret" not in status_of(RuntimeError("a secret path"))[1]
    assert "a secret path" in caplog.text
