"""Upkeep, built when the module is imported."""

import os
from typing import Any

from functions.adapters.jobs import ProcessingFunction
from functions.upkeep.failed_events import FailedEvents
from functions.upkeep.handler import handle
from functions.upkeep.orphans import OrphanSearch
from functions.upkeep.sweep import Sweep
from functions.upkeep.wiring import Wired

from .clients import catalog, settings, storage

wired = Wired(
    sweep=Sweep(catalog, storage, ProcessingFunction.read(os.environ)),
    orphan_search=OrphanSearch(catalog, storage, delete=False),
    failed_events=FailedEvents(catalog, storage, settings.uploads_bucket),
)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Run the scheduled sweep, or take messages off a queue."""
    return handle(event, context, wired)
