"""Transient failures of external services. The caller can retry."""


class Unavailable(Exception):
    """An external service does not answer or refuses a request."""


class CatalogUnavailable(Unavailable):
    """MongoDB is unavailable."""


class StorageUnavailable(Unavailable):
    """Object storage is unavailable."""


class ProcessingUnavailable(Unavailable):
    """The processing function cannot be invoked."""


class QueueUnavailable(Unavailable):
    """The webhook queue is unavailable."""
