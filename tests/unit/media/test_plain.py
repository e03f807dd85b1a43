"""Pictures that show next to nothing, as ffmpeg's encoder writes them."""

import pytest

from functions.media.plain import is_plain


@pytest.mark.parametrize(
    "jpeg", [b"", b"\xff\xd8", b"\xff\xd8\xff\xc4\x00\x03\x01", bytes(200_000)]
)
def test_another_file_is_not_plain(jpeg: bytes) -> None:
    assert not is_plain(jpeg)
