"""What can go wrong between a client and the service."""

from collections.abc import Mapping

from limn.errors import LimnError


class ClientError(LimnError):
    """Base of what a client raises."""


class Unreachable(ClientError):
    """Nothing answered: no connection, or none that lasted until the answer."""


class UnexpectedAnswer(ClientError):
    """Something answered that is no Limn, or one that speaks otherwise."""


class Refused(ClientError):
    """The service says no, and why.

    Attributes:
        status: of HTTP.
        slug: which problem, stable: the end of `urn:limn:problem:<slug>`.
        detail: what is wrong, for people.
        fields: faulty fields of the request with what is wrong with them.
        request_id: to look for in the service's log.
        retry_after_s: seconds after which the service asks to be asked again, if it does.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        fields: Mapping[str, str],
        request_id: str | None,
        retry_after_s: float | None,
    ) -> None:
        named = "".join(f"; {field}: {text}" for field, text in fields.items())
        asked = f" (request {request_id})" if request_id else ""
        super().__init__(f"{status} {slug}: {detail}{named}{asked}")
        self.status = status
        self.slug = slug
        self.detail = detail
        self.fields = dict(fields)
        self.request_id = request_id
        self.retry_after_s = retry_after_s
