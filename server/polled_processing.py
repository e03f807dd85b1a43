"""Starts processing where workers find their videos in the catalog."""

from functions.core.video import UploadedObject


class PolledProcessing:
    """A `Jobs` that has nothing to send: the unfinished record is the job (ADR 60)."""

    def start(self, upload: UploadedObject) -> None:
        """Do nothing. A worker finds the video by the record that the caller has saved."""
