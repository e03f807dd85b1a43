"""What can go wrong between the command and the servers, in sentences for a person."""

from clipo.errors import ClipoError


class Fault(ClipoError):
    """A request did not succeed."""

    transient = False
    """Whether the same may succeed a moment later."""

    code = "fault"

    goes_on = False
    """Whether the same command goes on with what has arrived until now."""


class Unreachable(Fault):
    """No answer came."""

    transient = True
    code = "unreachable"

    def __init__(self, sentence: str, *, refused: bool = False) -> None:
        """Take what to say, and whether nothing listens there at all."""
        super().__init__(sentence)
        self.refused = refused


class NotClipo(Fault):
    """Something else than Clipo answered."""

    code = "not_clipo"


_TO_DO = {"file_too_large": " Shorten it, or raise MAX_UPLOAD_BYTES where Clipo runs."}
"""What a person can do here, where the API does not say it."""


class Problem(Fault):
    """The API answered with a problem document."""

    def __init__(
        self, *, status: int, title: str, detail: str, code: str, request_id: str | None
    ) -> None:
        """Take the fields of the document."""
        reference = f"{code}, request {request_id}" if request_id else code
        super().__init__(f"{title}. {detail}{_TO_DO.get(code, '')} ({reference})")
        self.status = status
        self.code = code
        self.transient = status >= 500  # noqa: PLR2004 (the servers' side)
        self._document = {"code": code, "message": f"{title}. {detail}"}
        if request_id:
            self._document["request_id"] = request_id

    def document(self) -> dict[str, str]:
        """Return it for a program."""
        return self._document


class StorageRefused(Fault):
    """The object storage answered with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Take the answer's status, and the code and the message of its body."""
        super().__init__(f"The storage refuses the upload: {message or status} ({code}).")
        self.status = status
        self.code = code
        # Each try has a fresh signature.
        self.transient = status in (408, 429) or status >= 500 or "expired" in message.lower()  # noqa: PLR2004
