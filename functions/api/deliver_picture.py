"""Delivers pictures: stored ones, and others after the images function has made them (ADR 47)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from functions.adapters.storage import ObjectGone, StoredPicture
from functions.adapters.telemetry import logger
from functions.api import problems
from functions.api.lookup import find_source
from functions.api.problems import InvalidField, Problem
from functions.api.services import Services
from functions.core.access import Scope
from functions.core.media import Media
from functions.core.picture_making import Making, MakingOutcome
from functions.core.picture_rules import (
    MOST_IMAGES,
    MOST_IMAGES_OF_LADDER,
    MOST_IMAGES_OF_STRANGERS,
    AskedImage,
    InvalidPicture,
    NoStoryboard,
    NotOnLadder,
    check_ladder,
    image_spec,
    is_poster,
    storyboard_spec,
)
from functions.core.pictures import (
    ImageSpec,
    PictureFormat,
    StoryboardSpec,
    WantedPicture,
    picture_version,
    wanted_picture,
)
from functions.core.unavailable import PicturesFailed, PicturesThrottled, PicturesTimedOut
from functions.core.video import Video

LEASE = timedelta(seconds=130)
"""The validity of a lease: longer than the images function may run."""

_ATTEMPTS = 3
"""The attempts to make a picture during one lease, if the images function crashes each time."""

_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.75, 1.5)
"""The pauses between looks at a picture that another request makes, and between invocations of a
function that Lambda throttles."""


def find_image(
    services: Services, video_id: str, asked: AskedImage
) -> tuple[Video, WantedPicture, int | None]:
    """Return a video, its image that a caller asks for, and the limit of its number of images.

    `None` means that this image does not count. Raises `Problem` or `Unauthenticated`.
    """
    video, media = find_source(services, video_id)
    reaches = services.caller.reaches_owner(video.owner)
    is_own = reaches and services.caller.may(Scope.READ)
    is_viewer = reaches and services.caller.may(Scope.DELIVER)
    wanted = _wanted(video, _image_spec(video, media, asked, is_own=is_own))
    if is_poster(asked):
        return video, wanted, None
    others = MOST_IMAGES_OF_LADDER if is_viewer else MOST_IMAGES_OF_STRANGERS
    return video, wanted, MOST_IMAGES if is_own else others


def find_storyboard(
    services: Services, video_id: str, picture_format: PictureFormat
) -> tuple[Video, WantedPicture, StoryboardSpec]:
    """Return a video, the sheet of its storyboard, and what that shows.

    Raises `Problem` or `Unauthenticated`.
    """
    video, media = find_source(services, video_id)
    try:
        spec = storyboard_spec(picture_format, media)
    except NoStoryboard as error:
        detail = f"Video {video.id} has no storyboard: its file does not say how long it lasts."
        raise Problem(problems.PICTURE_NOT_FOUND, detail) from error
    return video, _wanted(video, spec), spec


def _image_spec(video: Video, media: Media, asked: AskedImage, *, is_own: bool) -> ImageSpec:
    default_s = video.thumbnail.at_s if video.thumbnail else 0
    try:
        if not is_own:
            check_ladder(asked)
        return image_spec(asked, media, default_s=default_s, whole_seconds=not is_own)
    except NotOnLadder as error:
        raise Problem(
            problems.FORBIDDEN,
            f"{str(error).capitalize()}. Other images need the scope read and a credential for the"
            " video.",
        ) from error
    except InvalidPicture as error:
        field = InvalidField(f"query.{error.parameter}", str(error))
        raise Problem(problems.INVALID_REQUEST, f"{field.field}: {error}.", field) from error


def _wanted(video: Video, spec: ImageSpec | StoryboardSpec) -> WantedPicture:
    wanted = wanted_picture(video, spec)
    if wanted is None:  # never: `find_source` returns only videos with a result
        raise Problem(problems.SOURCE_NOT_READY, problems.SOURCE_NOT_READY.example)
    return wanted


def read_or_make(
    services: Services, wanted: WantedPicture, *, limit: int | None = None
) -> StoredPicture:
    """Return a picture, which the images function makes if it is not stored yet.

    `limit` is that of the number of images of its video. Raises `Problem`, `CatalogUnavailable`,
    `StorageUnavailable` or `PicturesUnavailable`.
    """
    found = _read(services, wanted)
    if found:
        return found
    if not services.pictures.turns.acquire(blocking=False):
        raise _not_ready("Too many pictures are being made.")
    try:
        return _make_or_await(services, wanted, limit)
    finally:
        services.pictures.turns.release()


def _make_or_await(services: Services, wanted: WantedPicture, limit: int | None) -> StoredPicture:
    now = services.now()
    if not services.pictures.leases.acquire(wanted.key, now=now, until=now + LEASE):
        return _await_other(services, wanted)
    try:
        _make(services, wanted, limit)
    except PicturesFailed:
        services.pictures.leases.fail(wanted.key, attempts=_ATTEMPTS)
        raise
    logger().info("picture made", video_id=wanted.video_id, picture=wanted.spec.filename)
    _check_still_current(services, wanted)
    if made := _read(services, wanted):
        return made
    raise _not_ready("The picture was removed at this moment.")


def _read(services: Services, wanted: WantedPicture) -> StoredPicture | None:
    try:
        return services.storage.read_picture(wanted.key)
    except ObjectGone:
        return None


def _await_other(services: Services, wanted: WantedPicture) -> StoredPicture:
    """Return a picture that another request makes, or has found impossible."""
    end = services.pictures.leases.end(wanted.key)
    if end.refusal:
        raise _Impossible(wanted, end.refusal)
    if end.has_failed:
        detail = "Clipo has failed to make this picture. Try again in some minutes."
        raise Problem(problems.PICTURE_FAILED, detail)
    for pause_s in _PAUSES_S:
        services.sleep(pause_s)
        if found := _read(services, wanted):
            return found
    raise _not_ready("The picture is being made.")


def _make(services: Services, wanted: WantedPicture, limit: int | None) -> None:
    """Make a picture whose lease this request has.

    After success the lease stays until it expires: a request that has not found the picture before
    then finds the lease, and looks again. It also stays, and the image counts, if the file has no
    such picture: to ask again must not start ffmpeg again.
    """
    leases = services.pictures.leases
    with _undone_on_failure(partial(leases.release, wanted.key)):
        if limit is None:
            _check(services, _invoke(services, wanted), wanted)
            return
        if not leases.count(wanted, limit=limit):
            raise _too_many(wanted, limit)
        with _undone_on_failure(partial(leases.discount, wanted)):
            _check(services, _invoke(services, wanted), wanted)


@contextmanager
def _undone_on_failure(undo: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    except (PicturesTimedOut, PicturesFailed, _Impossible):
        # After a timeout, the images function may still store the picture. A crash counts, because
        # it costs as much as a picture.
        raise
    except Exception:
        undo()
        raise


def _invoke(services: Services, wanted: WantedPicture) -> Making:
    for pause_s in _PAUSES_S:
        try:
            return services.pictures.maker.make(wanted)
        except PicturesThrottled:
            services.sleep(pause_s)
    try:
        return services.pictures.maker.make(wanted)
    except PicturesThrottled as error:
        raise _not_ready("Too many pictures are being made.") from error


class _Impossible(Problem):
    """The file has no such picture."""

    def __init__(self, wanted: WantedPicture, reason: str) -> None:
        detail = f"Video {wanted.video_id} has no such picture: {reason}"
        super().__init__(problems.PICTURE_NOT_FOUND, detail)


def _check(services: Services, making: Making, wanted: WantedPicture) -> None:
    """Raise the `Problem` that the images function reports, if it reports one."""
    if making.outcome is MakingOutcome.MADE:
        return
    if making.outcome is MakingOutcome.NO_ENCODER:
        raise Problem(problems.NO_ENCODER, problems.NO_ENCODER.example)
    if making.outcome is MakingOutcome.SOURCE_REPLACED:
        raise _not_ready("Another upload has replaced the file.")
    if making.outcome is MakingOutcome.NO_PICTURE:
        services.pictures.leases.refuse(wanted.key, making.message)
        raise _Impossible(wanted, making.message)
    detail = f"Video {wanted.video_id} has no such picture: Its file is no longer in storage."
    raise Problem(problems.PICTURE_NOT_FOUND, detail)


def _check_still_current(services: Services, wanted: WantedPicture) -> None:
    """Remove a picture that was made while its video was deleted, or its file replaced."""
    video = services.catalog.get_delivered(wanted.video_id)
    if video is None or picture_version(video) != wanted.version:
        services.storage.delete_picture(wanted.key)
        find_source(services, wanted.video_id)
        raise _not_ready("Another upload has replaced the file.")


def _not_ready(reason: str) -> Problem:
    return Problem(problems.PICTURE_NOT_READY, f"{reason} Try again in a moment.")


def _too_many(wanted: WantedPicture, limit: int) -> Problem:
    return Problem(
        problems.TOO_MANY_IMAGES,
        f"Clipo has made {limit:,} images of video {wanted.video_id}, and makes no more. Ask for"
        " those again: for whole seconds, and the widths 160, 320, 640 or 1280.",
    )
