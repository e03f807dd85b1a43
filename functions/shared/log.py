"""One structured logger for all functions."""

from functools import cache

from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    """Return the process's logger: one JSON object a line.

    The service's name comes from POWERTOOLS_SERVICE_NAME, the level from
    POWERTOOLS_LOG_LEVEL. Never log filenames, signed URLs or secrets.
    """
    return Logger()
