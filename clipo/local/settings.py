"""Reads and checks the settings of `clipo up` before it starts anything."""

import re
from collections.abc import Callable, Iterator, Mapping

from clipo.errors import Misuse
from clipo.local.ports import LOOPBACK, is_own_address
from functions.api.callers import is_loopback
from functions.api.settings import Access, ApiSettings
from functions.core.api_keys import Root
from functions.core.settings import SettingsError, flag, positive_int
from functions.webhooks.settings import WebhookSettings

_API_PORT = 8000
RECEIVER = ("WEBHOOK_URL", "WEBHOOK_SECRET")
"""The settings that only the webhooks function may know."""

_HOST = r"[a-z0-9._-]+|[0-9a-f:]+"

Environ = Mapping[str, str]


def check(environ: Environ) -> None:
    """Raise `Misuse` with a line for each invalid setting."""
    found = list(wrong(environ))
    if found:
        raise Misuse("\n".join(found))


def wrong(environ: Environ) -> Iterator[str]:
    """Yield an error for each setting that Clipo, or one of its functions, refuses."""
    readers: list[Callable[[Environ], object]] = [
        api_port,
        bound_host,
        hosts,
        lambda given: access(given, "to be made"),
        lambda given: ApiSettings.read({**given, "ROOT_SECRETS": f"1:{'0' * 32}"}),
        lambda given: positive_int(given, "CLIPO_RETRY_SECONDS", 1),
        lambda given: positive_int(given, "CLIPO_UPKEEP_SECONDS", 1),
        lambda given: flag(given, "DELETE_ORPHANED_OBJECTS"),
        lambda given: flag(given, "STORE_LOCATION"),
        lambda given: WebhookSettings.read(
            {
                **given,
                **webhooks(given, "to be made"),
                **webhook_root("to be made"),
                "API_URL": "to be known",
            }
        ),
    ]
    for read in readers:
        try:
            read(environ)
        except (Misuse, SettingsError) as error:
            yield str(error)


def api_port(environ: Environ) -> int:
    """Return PORT (8000), the API's preferred port. Raises `Misuse`."""
    text = environ.get("PORT") or str(_API_PORT)
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 65536:  # noqa: PLR2004 (a port is 16 bits)
        raise Misuse(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def bound_host(environ: Environ) -> str:
    """Return CLIPO_BIND (127.0.0.1), where S3 and MongoDB listen. Raises `Misuse`."""
    host = environ.get("CLIPO_BIND") or LOOPBACK
    if host == "0.0.0.0" or not is_own_address(host):  # noqa: S104 (it is refused)
        raise Misuse(f"CLIPO_BIND must be one address of this machine, not {host!r}.")
    return host


def hosts(environ: Environ) -> frozenset[str]:
    """Return CLIPO_HOSTS, further names that the API answers to, and CLIPO_BIND's address.

    Raises `Misuse`.
    """
    text = environ.get("CLIPO_HOSTS") or ""
    names = [part.strip().lower() for part in text.split(",") if part.strip()]
    if not all(re.fullmatch(_HOST, name) for name in names):
        raise Misuse(
            "CLIPO_HOSTS must be names between commas, like video.lan,172.17.0.1, without ports:"
            f" {text!r}."
        )
    return frozenset(names) | {environ.get("CLIPO_BIND") or LOOPBACK}


def access(environ: Environ, root_secret: str) -> dict[str, str]:
    """Return the settings of the API alone: whether it needs credentials, and the root secret.

    It is open by default. Raises `Misuse` if other machines can reach the stack and ACCESS is not
    given.
    """
    reachable = not all(map(is_loopback, hosts(environ)))
    if reachable and not environ.get("ACCESS"):
        raise Misuse(
            "CLIPO_BIND or CLIPO_HOSTS makes this Clipo known to other machines. Choose who may"
            " call it: --access=keys, or --access=open for everyone who can reach it."
        )
    return {"ACCESS": environ.get("ACCESS") or Access.OPEN, "ROOT_SECRETS": f"1:{root_secret}"}


def webhook_root(root_secret: str) -> dict[str, str]:
    """Return the setting that derives the secrets of webhook receivers.

    Only the API and the webhooks function may know it.
    """
    return {"WEBHOOK_ROOT": Root(1, root_secret).webhook_root()}


def webhooks(environ: Environ, queue_url: str) -> dict[str, str]:
    """Return the settings that turn webhooks on or off.

    They are on with WEBHOOKS=true, and if a receiver or a secret is given. Raises `SettingsError`.
    """
    given = environ.get("WEBHOOK_URL") or environ.get("WEBHOOK_SECRET")
    wanted = flag(environ, "WEBHOOKS") or bool(given)
    return {
        "WEBHOOKS": "true" if wanted else "false",
        "WEBHOOK_QUEUE_URL": queue_url if wanted else "",
        # A developer's receiver is on this machine.
        "WEBHOOK_ALLOW_PRIVATE": environ.get("WEBHOOK_ALLOW_PRIVATE") or "true",
    }
