"""Announces a video and signs its upload. The file itself goes straight to the storage."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

from functions.adapters.catalog import KeyUse
from functions.adapters.mongo.ids import new_video_id
from functions.adapters.storage import SignedPost
from functions.adapters.telemetry import Metric, count, logger
from functions.api import problems
from functions.api.lookup import find_video
from functions.api.new_video import check_visibility, new_video, owner_of_new_video
from functions.api.problems import Problem
from functions.api.quota import add_within_quota, change_within_quota, check_token_limit
from functions.api.services import Services
from functions.api.sign_upload import extend_upload, sign_form
from functions.core.access import ALL_OWNERS, CredentialKind
from functions.core.keys import source_key
from functions.core.lifecycle import restarts
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import Video, Visibility

_KEY_KEPT = timedelta(days=7)
"""The lifetime of an unfinished upload in parts: until then a client can resume it."""

_TRIES = 3


def create_video(
    services: Services,
    *,
    filename: str,
    size: int,
    content_type: str | None,
    passthrough: str | None,
    idempotency_key: str | None,
    owner: str | None = None,
    visibility: Visibility = Visibility.PRIVATE,
) -> tuple[Video, SignedPost | None]:
    """Insert a pending video and return it with the form that uploads it.

    A repeated request, which has the same key, gets the video of the first one, without a form if
    the file has arrived. Only callers who reach all owners may name an owner. Raises `Problem`,
    `CatalogUnavailable` or `StorageUnavailable`.
    """
    owner = owner_of_new_video(services.caller, owner)
    check_token_limit(services, size)
    check_visibility(services.caller, visibility)
    video = new_video(
        filename=filename,
        size=size,
        settings=services.settings,
        now=services.now(),
        content_type=content_type,
        passthrough=passthrough,
        visibility=visibility,
        owner=owner,
        limits=services.caller.limits,
    )
    if idempotency_key is None:
        _check_pending_limit(services, owner, None)
        return _add(services, video)
    # Without the default, so that keys of release 0.1 keep their fingerprints.
    published = (visibility,) if visibility is Visibility.PUBLIC else ()
    fingerprint = _fingerprint(video.filename, size, content_type, passthrough, *published)
    until = video.created_at + _KEY_KEPT
    use = KeyUse(idempotency_key, fingerprint, video.id, until, owner)
    _check_pending_limit(services, owner, use)
    return _add_once(services, video, use)


def _check_pending_limit(services: Services, owner: str | None, use: KeyUse | None) -> None:
    """Raise `Problem` if too many videos are pending, before anything is stored.

    A repeated request passes: it adds no video, and may finish one.
    """
    limit, now = services.settings.max_pending_videos, services.now()
    # Callers without a credential can invent owners, so all their videos count together.
    counted = ALL_OWNERS if services.caller.kind is CredentialKind.NONE else owner
    if not services.pending_limit.is_reached(services.catalog, limit, owner=counted, now=now):
        return
    if use and services.catalog.first_use(use):
        return
    of_owner = f" of {owner}" if owner and counted == owner else ""
    raise Problem(
        problems.TOO_MANY_PENDING,
        f"Clipo accepts no new video{of_owner} while {limit:,} or more are pending."
        " Try again in a minute.",
    )


def _add(services: Services, video: Video) -> tuple[Video, SignedPost]:
    signed = sign_form(services, video)
    add_within_quota(services, video)
    _record_announcement(video)
    return video, signed


def _record_announcement(video: Video) -> None:
    logger().info("upload signed", video_id=video.id, owner=video.owner, size=video.size)
    count(Metric.UPLOADS)


def _add_once(services: Services, video: Video, use: KeyUse) -> tuple[Video, SignedPost | None]:
    """Return the video of the key's first use, which may be this one.

    The key is stored before the video. If the first request has stored only the key, this request
    adds the video in its place. A delete frees the key before it removes the video, so a video
    whose key is gone has been deleted meanwhile, and its id is not used again (ADR 12).
    """
    for _ in range(_TRIES):
        first = _reserve_key(services, use)
        named = _with_id(video, first.video_id)
        signed = sign_form(services, named)
        if first is not use and (repeated := _answer_again(services, named.id)):
            return repeated
        if not _add_or_free_key(services, named, use):
            if repeated := _answer_again(services, named.id):
                return repeated
        elif _is_first(services, first):
            _record_announcement(named)
            return named, signed
        else:
            services.catalog.discard(named)
        # A delete was faster. The rest of it removes the objects of that id.
        use = replace(use, video_id=new_video_id())
    raise CatalogUnavailable("Deletes of this key's video keep overtaking the request.")


def _add_or_free_key(services: Services, video: Video, use: KeyUse) -> bool:
    """Insert a new video; `False` if its id is taken.

    A request that its owner's quota refuses keeps no key. Raises `Problem`.
    """
    try:
        return add_within_quota(services, video)
    except Problem:
        if services.catalog.get(video.id):
            # A repeated request has added it meanwhile, and took the last place.
            return False
        services.catalog.free_key(use)
        raise


def _is_first(services: Services, use: KeyUse) -> bool:
    """Tell whether a key still belongs to the video of its first use."""
    found = services.catalog.first_use(use)
    return found is not None and found.video_id == use.video_id


def _reserve_key(services: Services, use: KeyUse) -> KeyUse:
    first = services.catalog.reserve(use)
    if first.fingerprint != use.fingerprint:
        raise Problem(
            problems.IDEMPOTENCY_KEY_REUSED,
            problems.IDEMPOTENCY_KEY_REUSED.example,
        )
    return first


def _with_id(video: Video, video_id: str) -> Video:
    upload = replace(video.upload, key=source_key(video_id))
    return replace(video, id=video_id, upload=upload)


def _answer_again(services: Services, video_id: str) -> tuple[Video, SignedPost | None] | None:
    """Return the video, with a form while it waits for its file; `None` if it was deleted."""
    video = services.catalog.get(video_id)
    if video is None:
        return None
    logger().info("request repeated", video_id=video.id, status=video.status)
    now = services.now()
    moved = change_within_quota(
        services, video, lambda seen: restarts.await_upload_again(seen, now=now)
    )
    if isinstance(moved, Video):
        video = moved
    awaited = extend_upload(services, video)
    if awaited is None:
        return find_video(services, video_id), None
    return awaited, sign_form(services, awaited)


def _fingerprint(*fields: str | int | None) -> str:
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()
