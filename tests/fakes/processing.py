"""A processing function that only records its invocations."""

from dataclasses import dataclass, field

from functions.core.unavailable import ProcessingUnavailable
from functions.core.video import UploadedObject


@dataclass
class FakeProcessing:
    started: list[UploadedObject] = field(default_factory=list)
    down: bool = False

    def start(self, upload: UploadedObject) -> None:
        if self.down:
            raise ProcessingUnavailable("Lambda: TooManyRequestsException")
        self.started.append(upload)
