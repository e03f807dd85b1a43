"""Numbers for people."""

from rich.filesize import decimal


def size(count: float) -> str:
    """Return bytes as people say it: 690.4 kB."""
    return decimal(int(count))


def clock(seconds: float) -> str:
    """Return a time of 75 s as 1:15."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
