"""The rule that says which videos count towards a quota."""

from dataclasses import replace

import pytest

from functions.core.lifecycle import attempts, restarts, stuck
from functions.core.video import Failure, Status, Video
from tests.examples import done_video, failed_video, processing, uploaded
from tests.steps import LEASE, NOW, claimed


class TestQuota:
    """A video counts until its object is gone."""

    @pytest.mark.parametrize(
        ("code", "counts"),
        [
            ("size_mismatch", False),
            ("too_large", False),
            ("too_long", False),
            ("source_gone", False),
            ("upload_expired", False),
            ("corrupt", True),
            ("timed_out", True),
            ("retries_exhausted", True),
        ],
    )
    def test_counts_a_failed_video_while_it_has_its_object(
        self, code: str, *, counts: bool
    ) -> None:
        error = Failure(code, "Text.", retryable=False)
        assert claimed().charged
        failed = stuck.fail_stuck(claimed(), error=error, webhook=None, now=NOW)
        assert failed.charged is counts
        by_worker = attempts.fail(
            claimed(), LEASE, error=error, processing=processing(), webhook=None
        )
        assert isinstance(by_worker, Video)
        assert by_worker.charged is counts

    @pytest.mark.parametrize(("code", "counts"), [("too_long", True), ("source_gone", False)])
    def test_counts_a_reprocessed_video_whose_object_stays(
        self, code: str, *, counts: bool
    ) -> None:
        again = restarts.reprocess(done_video(), now=NOW)
        assert isinstance(again, Video)
        error = Failure(code, "Text.", retryable=False)
        kept = stuck.fail_stuck(again, error=error, webhook=None, now=NOW)
        assert (kept.status, kept.charged) == (Status.DONE, counts)

    def test_counts_a_late_upload_again(self) -> None:
        expired = replace(failed_video(), charged=False, source=None)
        moved = attempts.claim(expired, uploaded(), LEASE, now=NOW)
        assert isinstance(moved, Video)
        assert moved.charged
