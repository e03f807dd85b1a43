"""What the clients return about many videos."""

from typing import TypedDict


class SkippedVideo(TypedDict):
    """A video that was tried in vain, and why."""

    id: str
    code: str
    message: str


class RetrySummary(TypedDict):
    """The videos of a selection, all of which were tried."""

    retried: list[str]
    refused: list[SkippedVideo]


class FoundVideo(TypedDict):
    """A video that a dry run names."""

    id: str
    filename: str
    status: str
    created_at: str


class DeleteSummary(TypedDict):
    """The videos of a selection."""

    found: int
    """How many there were at the start. The API counts up to 10,000."""
    first: list[FoundVideo]
    """In a dry run the newest ten of them, if the credential has the scope `read`."""
    deleted: list[str]
    left: list[SkippedVideo]
    remaining: int
    """How many were not tried, because the storage has failed or it is a dry run."""
