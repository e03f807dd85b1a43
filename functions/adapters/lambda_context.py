"""The part of Lambda's context object that the functions use.

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from typing import Protocol


class LambdaContext(Protocol):
    """The context of one invocation."""

    @property
    def aws_request_id(self) -> str:
        """The id of this invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends this invocation."""
