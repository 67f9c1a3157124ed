"""The gateway's errors, beside those of the domain in `limn.errors`."""

from collections.abc import Mapping

from limn.errors import LimnError


class ServiceError(LimnError):
    """Base of what can go wrong between a request and its answer."""


class BodyTooLarge(ServiceError):
    """More bytes arrived, or were announced, than a request may have."""


class BodyTimeout(ServiceError):
    """The body did not arrive in time."""


class MalformedBody(ServiceError):
    """The body is not what its headers promise: a form, a compressed body, tensors."""


class UnknownModel(ServiceError):
    """No such model, or no such version of it, is served."""


class UnknownLabelSet(ServiceError):
    """No label set of that name."""


class NotOffered(ServiceError):
    """A part of a protocol that strangers are not given, such as control of the repository."""


class PortTaken(ServiceError):
    """The service cannot listen where it is told to."""


class Overloaded(ServiceError):
    """As many requests, or as much of their work, as the service takes are in flight."""


class RateLimited(ServiceError):
    """One caller asks more often than it may.

    Attributes:
        retry_after_s: when it may ask again.
        headers: what else an HTTP answer tells it.
    """

    def __init__(self, message: str, retry_after_s: int, headers: Mapping[str, str]) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.headers = headers


class TooCostly(ServiceError):
    """One request asks for more work than the service does for any."""


class AnswerTimeout(ServiceError):
    """The answer was not ready in time."""


class EngineError(ServiceError):
    """Base of what an engine can raise."""


class EngineUnavailable(EngineError):
    """The engine is closed or not up yet."""


class InferenceFailed(EngineError):
    """The network failed on input that passed every check."""


class ReloadRefused(ServiceError):
    """What is on the disk now cannot be served; what was loaded before goes on."""


class WorkersStuck(ServiceError):
    """No worker comes back from its step: only a restart helps."""


class KeyRequired(ServiceError):
    """A request without a key, or with one that is not valid."""


class ScopeRequired(ServiceError):
    """The key is valid, but not for what is asked."""


class KeysUnusable(ServiceError):
    """The file of keys cannot be read, or a change of it cannot be made."""


class TlsUnusable(ServiceError):
    """A certificate or its key cannot be used."""


class SubmissionRejected(ServiceError):
    """A file of a benchmark submission is not what it must be.

    Attributes:
        file: its name inside the archive, or the archive's own.
        reason: what is wrong with it.
    """

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason


class UnknownToken(ServiceError):
    """A submission without a token, or with one that no team was given."""


class TeamExists(ServiceError):
    """The name is taken; its token was shown once."""


class QuotaExceeded(ServiceError):
    """The team has sent as many submissions today as a team may."""


class UnreadableSource(ServiceError):
    """The pictures of a batch cannot be listed, or two of them have one name."""


class OutputRefused(ServiceError):
    """The folder of a batch's output holds something else, or another run is writing to it."""


class BatchStopped(ServiceError):
    """A batch cannot go on; what is finished is kept, and the same command continues."""
