"""The records of webhook receivers. `mongo/receivers.py` keeps them in MongoDB."""

from typing import Protocol

from functions.core.receivers import Receiver


class Receivers(Protocol):
    """The records of all receivers. Every method may raise `CatalogUnavailable`."""

    def add(self, receiver: Receiver) -> None:
        """Insert the record of a new receiver."""

    def get(self, receiver_id: str) -> Receiver | None:
        """Return one record, or `None` if there is none."""

    def all(self) -> list[Receiver]:
        """Return all records, oldest first."""

    def replace(self, receiver: Receiver) -> bool:
        """Replace a record; `False` if there is none."""

    def remove(self, receiver_id: str) -> bool:
        """Remove a record; `False` if there was none."""
