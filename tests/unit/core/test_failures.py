"""The codes and messages of failed videos, and the documents that list them."""

import re
from pathlib import Path

import pytest

from functions.core import failures
from functions.core.failures import TOO_LARGE, UNSUPPORTED_CODEC, BadMedia, Cause, FailureCode
from functions.core.video import Failure
from tests.documented import rows

HOW_IT_WORKS = Path(__file__).parents[3] / "docs" / "how-it-works.md"
CAUSES = [cause for cause in vars(failures).values() if isinstance(cause, Cause)]


def test_every_code_has_a_cause() -> None:
    assert {cause.code for cause in CAUSES} == set(FailureCode)


@pytest.mark.parametrize("cause", CAUSES)
def test_every_sentence_can_be_completed(cause: Cause) -> None:
    message = cause.failure(codec="av1", limit=1, size=2, declared=3, duration=4).message
    assert re.fullmatch(r"[A-Z][^{}]+\.", message)


def test_a_sentence_names_the_facts() -> None:
    assert TOO_LARGE.failure(size=250_000_000, limit=100_000_000).message == (
        "The file has 250,000,000 bytes; the limit is 100,000,000. Upload a smaller version."
    )
    bad_media = BadMedia(UNSUPPORTED_CODEC, codec="{x}")
    sentence = "The codec {x} is not supported. Convert the video to H.264 and upload it again."
    assert bad_media.failure == Failure("unsupported_codec", sentence, retryable=False)
    assert str(bad_media) == sentence


def test_a_retry_can_help_only_where_the_file_is_not_the_cause() -> None:
    assert {cause.code for cause in CAUSES if cause.retryable} == {"timed_out", "retries_exhausted"}


def test_the_documents_list_every_code() -> None:
    codes = [*FailureCode]
    assert [row.split("`")[1] for row in rows("Why a video failed")] == codes
    _, _, text = HOW_IT_WORKS.read_text().partition("A video that failed carries its own code: ")
    assert re.findall(r"`(\w+)`", text.partition(".\n")[0]) == codes
