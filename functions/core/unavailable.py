"""Failures of what the functions stand on. They may pass: a caller can try again."""


class Unavailable(Exception):
    """A service that we need does not answer, or refuses to work."""


class CatalogUnavailable(Unavailable):
    """MongoDB."""


class StorageUnavailable(Unavailable):
    """Object storage."""


class ProcessingUnavailable(Unavailable):
    """What starts the processing function."""


class QueueUnavailable(Unavailable):
    """The webhook queue."""
