"""What an upload tells while it goes on."""

from typing import Protocol


class Row(Protocol):
    """Where one file's progress is shown."""

    def sent(self, count: int) -> None:
        """Count bytes that have been sent; fewer than 0 are to be sent again."""

    def waits(self) -> None:
        """Tell that the network or a server fails, and that it is tried again."""

    def resumes(self, arrived: int) -> None:
        """Tell that an earlier upload goes on, of which so many bytes have arrived."""

    def says(self, status: str) -> None:
        """Tell that the video's status has changed."""
