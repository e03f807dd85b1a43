"""What the `clipo` command tells a person before it exits with 1, or 2 where it was misused."""


class ClipoError(Exception):
    """Something that its user can mend. The message says how."""

    code = "local_file"
    """What programs may rely on. Without one of its own it is the file, here, that is at fault."""

    def document(self) -> dict[str, str]:
        """Return it for a program."""
        return {"code": self.code, "message": str(self)}


class Misuse(ClipoError):
    """The command was given what cannot be meant."""
