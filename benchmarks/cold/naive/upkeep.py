"""Upkeep, built when the module is imported."""

import os
from typing import Any

from functions.adapters.jobs import ProcessingFunction
from functions.adapters.sdk.aws import SdkAws
from functions.adapters.sdk.storage import SdkStorage
from functions.upkeep.failed_events import FailedEvents
from functions.upkeep.handler import handle
from functions.upkeep.orphans import OrphanSearch
from functions.upkeep.recount import Recount
from functions.upkeep.sweep import Sweep
from functions.upkeep.wiring import Wired

from .clients import catalog, s3, settings


class EagerStorage(SdkStorage):
    """The same storage; its client is there from the beginning."""

    def __init__(self) -> None:
        super().__init__(settings, attempts=3, read_timeout_s=20)
        self._client = s3


storage = EagerStorage()

wired = Wired(
    sweep=Sweep(catalog, storage, ProcessingFunction(os.environ, SdkAws(os.environ).invoke)),
    recount=Recount(catalog),
    orphan_search=OrphanSearch(catalog, storage, delete=False),
    failed_events=FailedEvents(catalog, storage, settings.uploads_bucket),
)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Run the scheduled sweep, or take messages off a queue."""
    return handle(event, context, wired)
