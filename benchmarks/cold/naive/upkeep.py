"""Upkeep, built when the module is imported."""

import os
from typing import Any

from upkeep.failed_events import FailedEvents
from upkeep.handler import handle
from upkeep.leftovers import Leftovers
from upkeep.sweep import Sweep
from upkeep.wiring import Wired, deployed_processing

from .clients import catalog, settings, storage

wired = Wired(
    sweep=Sweep(catalog, storage, deployed_processing(os.environ)),
    leftovers=Leftovers(catalog, storage, delete=False),
    failed_events=FailedEvents(catalog, storage, settings.uploads_bucket),
)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Run the scheduled sweep, or take messages off a queue."""
    return handle(event, context, wired)
