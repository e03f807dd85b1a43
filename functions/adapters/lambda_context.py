"""The part of Lambda's context object that the functions use.

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from typing import Protocol


class LambdaContext(Protocol):
    """One invocation."""

    @property
    def aws_request_id(self) -> str:
        """Return the id that Lambda gave to this invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda ends this invocation."""
