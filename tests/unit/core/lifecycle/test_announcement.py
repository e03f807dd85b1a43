"""The rules of an announcement: its upload window, and when it may be discarded."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from functions.core.lifecycle import announcement, restarts
from functions.core.lifecycle.announcement import UPLOAD_WINDOW
from functions.core.lifecycle.moves import Refusal
from functions.core.video import Video
from tests.examples import done_video, failed_video
from tests.steps import NOW, claimed, moved, pending


class TestExtendUpload:
    def test_a_window_that_is_mostly_left_stays(self) -> None:
        seen = replace(pending(), upload=replace(pending().upload, expires_at=NOW + UPLOAD_WINDOW))
        assert announcement.extend_upload(seen, now=NOW) is seen

    def test_a_window_that_is_mostly_used_begins_again(self) -> None:
        extended = moved(announcement.extend_upload(pending(), now=NOW))
        assert extended.upload.expires_at == NOW + UPLOAD_WINDOW

    def test_an_upload_that_has_arrived_is_not_awaited(self) -> None:
        assert announcement.extend_upload(claimed(), now=NOW) is Refusal.NOT_PENDING


class TestDiscard:
    @pytest.mark.parametrize("make", [done_video, failed_video])
    def test_only_before_the_first_event(self, make: Callable[[], Video]) -> None:
        again = restarts.retry if make is failed_video else restarts.reprocess
        assert announcement.may_discard(pending())
        assert not announcement.may_discard(claimed())
        assert not announcement.may_discard(moved(again(make(), now=NOW)))
