"""Transient failures of external services. The caller can retry."""


class Unavailable(Exception):
    """An external service does not answer or refuses a request."""


class CatalogUnavailable(Unavailable):
    """MongoDB is unavailable."""


class StorageUnavailable(Unavailable):
    """Object storage is unavailable."""


class IssuerUnavailable(Unavailable):
    """The OpenID Connect issuer's keys cannot be read."""


class ProcessingUnavailable(Unavailable):
    """The processing function cannot be invoked."""


class QueueUnavailable(Unavailable):
    """The webhook queue is unavailable."""


class PicturesUnavailable(Unavailable):
    """The images function cannot be invoked, or has failed."""


class PicturesThrottled(PicturesUnavailable):
    """Lambda runs as many invocations of the images function as it may."""


class PicturesFailed(PicturesUnavailable):
    """The images function ended with an error, or crashed."""


class PicturesTimedOut(PicturesUnavailable):
    """The images function takes long. It may still store the picture."""
