"""The receivers as the function delivers to them: each with its connections and its signatures."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Protocol

from standardwebhooks import Webhook as WebhookSigner

from functions.core.clock import utc_now
from functions.core.receivers import Receiver, signing_secret
from functions.webhooks.gate import Gate
from functions.webhooks.outbound import Answer

_FRESH_S = 5.0
"""Seconds after which a change of the receivers takes effect."""


class ReceiverClient(Protocol):
    """Sends requests to one URL."""

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the response. Raises `NotAnswered`."""

    def close(self) -> None:
        """Close the connections that are kept."""


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver, and what a delivery to it needs."""

    receiver: Receiver
    client: ReceiverClient = field(repr=False)
    signers: tuple[WebhookSigner, ...] = field(repr=False)
    """One for each secret: two while the operator replaces a secret."""
    gate: Gate = field(default_factory=Gate)

    @property
    def id(self) -> str:
        """The id of the receiver."""
        return self.receiver.id


class Targets:
    """All receivers: that of the settings, and those that the API manages."""

    def __init__(
        self,
        load: Callable[[], Iterable[Receiver]],
        connect: Callable[[str], ReceiverClient],
        *,
        root: str | None,
        fixed: tuple[Receiver, tuple[str, ...]] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Take the receiver of the settings with its secrets, and the source of the others.

        `connect` returns the client of a URL. `root` derives the secrets of the others: without it
        there are none.
        """
        self._load = load
        self._connect = connect
        self._root = root
        self._fixed = fixed
        self._clock = clock
        self._lock = Lock()
        self._targets: dict[str, Target] = {}
        self._loaded_at: float | None = None

    def all(self) -> list[Target]:
        """Return all receivers, as they were some seconds ago. Raises `CatalogUnavailable`."""
        with self._lock:
            now = self._clock()
            if self._loaded_at is None or now - self._loaded_at > _FRESH_S:
                before = self._targets
                self._targets = {target.id: target for target in self._present()}
                self._loaded_at = now
                _close_unused(before, self._targets)
            return list(self._targets.values())

    def get(self, receiver_id: str) -> Target | None:
        """Return one receiver as it is now, also a disabled one. Raises `CatalogUnavailable`."""
        self.refresh()
        return next((target for target in self.all() if target.id == receiver_id), None)

    def refresh(self) -> None:
        """Have the next call of `all` read the records."""
        with self._lock:
            self._loaded_at = None

    def close(self) -> None:
        """Close the connections. The function does not: it keeps them for the next event."""
        for target in self._targets.values():
            target.client.close()

    def _present(self) -> Iterable[Target]:
        if self._fixed:
            yield self._target(*self._fixed)
        if self._root:
            for receiver in self._load():
                yield self._target(receiver, _secrets(self._root, receiver, utc_now()))

    def _target(self, receiver: Receiver, secrets: tuple[str, ...]) -> Target:
        signers = tuple(map(WebhookSigner, secrets))
        known = self._targets.get(receiver.id)
        if known is None or known.receiver.url != receiver.url:
            return Target(receiver, self._connect(receiver.url), signers)
        return Target(receiver, known.client, signers, known.gate)


def _close_unused(before: Mapping[str, Target], now: Mapping[str, Target]) -> None:
    """Close the connections of receivers that were removed, or have another URL."""
    used = {id(target.client) for target in now.values()}
    for target in before.values():
        if id(target.client) not in used:
            target.client.close()


def _secrets(root: str, receiver: Receiver, now: datetime) -> tuple[str, ...]:
    return tuple(
        signing_secret(root, receiver.id, number) for number in receiver.secret_numbers(now)
    )
