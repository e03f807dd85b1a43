"""Errors that `clipo` shows to its user before it exits with 1, or with 2 after a misuse."""


class ClipoError(Exception):
    """An error that the user can fix; the message says how."""

    code = "local_file"
    """Stable code for programs. An error without a code of its own is about a local file."""

    def document(self) -> dict[str, str]:
        """Return the error as a JSON object."""
        return {"code": self.code, "message": str(self)}


class Misuse(ClipoError):
    """An invalid argument, option or setting."""
