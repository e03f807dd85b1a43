"""What the `clipo` command tells a person before it exits with 1, or 2 where it was misused."""


class ClipoError(Exception):
    """Something that its user can mend. The message says how."""


class Misuse(ClipoError):
    """The command was given what cannot be meant."""
