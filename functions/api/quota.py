"""Keeps the videos of an owner within its quota, and each video within the limits of its token."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from functions.adapters.catalog import UploadMethod
from functions.api import problems
from functions.api.new_video import owner_of_new_video
from functions.api.problems import Problem
from functions.api.services import Services
from functions.core.access import Caller
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.quotas import Quota, Usage, smallest
from functions.core.video import Video


@dataclass(frozen=True, slots=True)
class CallerLimits:
    """The limits of a caller's uploads; `None` sets none."""

    video_bytes: int
    video_duration_s: int | None
    videos: int | None
    bytes: int | None


def limits_of(services: Services) -> CallerLimits:
    """Return the limits of a caller: the smaller ones of the stack's and the token's."""
    settings, token, quota = services.settings, services.caller.limits, quota_of(services)
    return CallerLimits(
        video_bytes=min(settings.max_upload_bytes, token.max_bytes or settings.max_upload_bytes),
        video_duration_s=smallest(settings.max_duration_s, token.max_duration_s),
        videos=quota.videos,
        bytes=quota.bytes,
    )


def usage_of(services: Services) -> Usage | None:
    """Return the use of the quota of a caller's videos, `None` without a quota.

    Raises `CatalogUnavailable`.
    """
    if not quota_of(services).is_set:
        return None
    return services.catalog.usage(owner_of_new_video(services.caller))


def quota_of(services: Services) -> Quota:
    """Return the quota of a caller's videos: the smaller one of the stack's and the token's."""
    stack = services.settings.quota
    return replace(stack, videos=smallest(stack.videos, services.caller.limits.max_videos))


def check_token_limit(services: Services, size: int) -> None:
    """Raise `Problem` for a file that is larger than the caller's token allows."""
    limit = services.caller.limits.max_bytes
    if limit is not None and size > limit:
        raise _exceeded(
            f"The file has {size:,} bytes, and your token allows {limit:,} for each video. Upload a"
            " smaller version.",
            Quota(bytes=limit),
        )


def add_within_quota(services: Services, video: Video, *, method: UploadMethod = "POST") -> bool:
    """Insert a new, pending video; `False` if its id is taken.

    Raises `Problem` if it does not fit in its owner's quota, and `CatalogUnavailable`. The record
    may be stored then, so the reservation stays.
    """
    quota = quota_of(services)
    if not quota.is_set:
        return services.catalog.add(video, method=method)
    _reserve(services, video, quota)
    added = services.catalog.add(video, method=method)
    if not added:
        services.catalog.give_quota_back(video)
    return added


def change_within_quota(services: Services, seen: Video, rule: Callable[[Video], Move]) -> Move:
    """Apply a rule that has a video processed again, and count the video if it did not count.

    Raises `Problem` if the video does not fit in its owner's quota, and `CatalogUnavailable`.
    """
    if seen.charged or not _moves(seen, rule(seen)):
        return services.catalog.change(seen, rule)
    _reserve(services, seen, quota_of(services))
    counted = False

    def count_moved(current: Video) -> Move:
        nonlocal counted
        moved = rule(current)
        counted = not current.charged and _moves(current, moved)
        return replace(moved, charged=True) if isinstance(moved, Video) and counted else moved

    moved = services.catalog.change(seen, count_moved)
    if not counted or isinstance(moved, Refusal):
        services.catalog.give_quota_back(seen)
    return moved


def _moves(seen: Video, moved: Move) -> bool:
    return isinstance(moved, Video) and moved != seen


def _reserve(services: Services, video: Video, quota: Quota) -> None:
    if services.catalog.reserve_quota(video, quota):
        return
    left = quota.left(services.catalog.usage(video.owner))
    raise _exceeded(_reason(_name(services.caller, video), video, quota, left), left)


def _name(caller: Caller, video: Video) -> str:
    """Return how the quota of a video's owner is called in a sentence for the caller."""
    if not caller.reaches_all_owners:
        return "Your quota"
    return "The owner's quota" if video.owner else "The quota of videos without an owner"


def _reason(name: str, video: Video, quota: Quota, left: Quota) -> str:
    """Return the sentence for a video that does not fit in a quota."""
    if left.videos == 0:
        videos = "video" if quota.videos == 1 else "videos"
        return (
            f"{name} is used up: it allows {quota.videos:,} {videos}. Delete a video, then try"
            " again."
        )
    if left.bytes is not None and left.bytes < video.declared_size:
        return (
            f"{name} has room for {left.bytes:,} more bytes, and the file has"
            f" {video.declared_size:,}. Delete videos, or upload a smaller version."
        )
    return f"{name} was full a moment ago, and now has room. Try again."


def _exceeded(detail: str, left: Quota) -> Problem:
    return Problem(problems.QUOTA_EXCEEDED, detail, members={"left": asdict(left)})
