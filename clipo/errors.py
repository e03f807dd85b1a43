"""What the `clipo` command tells a person before it exits with 1."""


class ClipoError(Exception):
    """Something that its user can mend. The message says how."""
