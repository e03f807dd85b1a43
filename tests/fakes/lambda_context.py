"""A Lambda context."""

from dataclasses import dataclass


@dataclass
class FakeLambdaContext:
    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    remaining_s: float = 200.0

    def get_remaining_time_in_millis(self) -> int:
        return round(self.remaining_s * 1000)
