"""One structured logger for all functions."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    """Return the process's logger: one JSON object a line.

    The service's name comes from POWERTOOLS_SERVICE_NAME, the level from
    POWERTOOLS_LOG_LEVEL. Never log filenames, signed URLs or secrets.
    """
    return Logger()


@contextmanager
def log_context(**keys: str | None) -> Iterator[None]:
    """Put these into every line of this block, and of the threads that it hands work to.

    Powertools' `append_context_keys` keeps them in one dict for the whole process: requests that
    overlap take each other's keys, and a line is lost when the dict changes under it.
    """
    before = logger().thread_safe_get_current_keys()
    logger().thread_safe_append_keys(**keys)
    try:
        yield
    finally:
        # Two new dicts: `thread_safe_remove_keys` changes the one that other threads may share.
        logger().thread_safe_clear_keys()
        logger().thread_safe_append_keys(**before)
