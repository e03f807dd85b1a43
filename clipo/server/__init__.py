"""Clipo in a web server of your own: tokens for its pages, and webhooks. Standard library only.

`clipo.flask` mounts it in Flask; docs/embed.md shows how to do so in FastAPI and Django.
"""

from clipo.server.mount import Mount, Reply
from clipo.server.tokens import Forbidden, Grant, page_tokens
from clipo.server.webhooks import ClipoEvent, InvalidWebhook, verify_webhook

__all__ = [
    "ClipoEvent",
    "Forbidden",
    "Grant",
    "InvalidWebhook",
    "Mount",
    "Reply",
    "page_tokens",
    "verify_webhook",
]
