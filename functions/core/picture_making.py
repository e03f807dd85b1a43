"""The event that has a picture made, and the answer to it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from functions.core.pictures import (
    Fit,
    ImageSpec,
    PictureFormat,
    PictureSpec,
    StoryboardSpec,
    WantedPicture,
)
from functions.core.storyboard import StoryboardPlan
from functions.core.trace import HEADER, Trace
from functions.core.video import Source


class MakingOutcome(StrEnum):
    """The answer of the function that makes pictures."""

    MADE = "made"
    """The picture is stored."""
    NO_PICTURE = "no_picture"
    """The file has no such picture."""
    NO_ENCODER = "no_encoder"
    """The ffmpeg at hand cannot write this format."""
    SOURCE_GONE = "source_gone"
    """The file is no longer in storage."""
    SOURCE_REPLACED = "source_replaced"
    """Another upload has replaced the file."""


@dataclass(frozen=True, slots=True)
class Making:
    """The end of an attempt to make a picture."""

    outcome: MakingOutcome
    message: str = ""
    """A sentence for a person, if there is no such picture."""


def making_event(wanted: WantedPicture, *, trace: Trace | None = None) -> dict[str, Any]:
    """Return the event that has a picture made. It names the trace that asks for it."""
    kind = "image" if isinstance(wanted.spec, ImageSpec) else "storyboard"
    return {
        "video_id": wanted.video_id,
        "version": wanted.version,
        "source": {"etag": wanted.source.etag, "size": wanted.source.size},
        kind: asdict(wanted.spec),
        **({HEADER: trace.header} if trace else {}),
    }


def wanted_in(event: Mapping[str, Any]) -> WantedPicture:
    """Return the picture that an event wants. Raises `LookupError`, `TypeError` or `ValueError`."""
    found = event["source"]
    return WantedPicture(
        event["video_id"],
        Source(etag=found["etag"], size=found["size"], sequencer=""),
        event["version"],
        _spec_in(event),
    )


def _spec_in(event: Mapping[str, Any]) -> PictureSpec:
    if image := event.get("image"):
        known = {"format": PictureFormat(image["format"]), "fit": Fit(image["fit"])}
        return ImageSpec(**{**image, **known})
    sheet = event["storyboard"]
    return StoryboardSpec(PictureFormat(sheet["format"]), StoryboardPlan(**sheet["plan"]))
