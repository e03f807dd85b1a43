import re
from urllib.parse import unquote

import pytest

from functions.core.content_disposition import content_disposition


@pytest.mark.parametrize(
    ("filename", "plain", "quoted"),
    [
        ("clip.mp4", "clip.mp4", "clip.mp4"),
        ("my clip.mp4", "my clip.mp4", "my%20clip.mp4"),
        ("été €.mp4", "_t_ _.mp4", "%C3%A9t%C3%A9%20%E2%82%AC.mp4"),
        ('a"b%41.mp4', "a_b_41.mp4", "a%22b%2541.mp4"),
        ("../a\\b/c.mp4", ".._a_b_c.mp4", ".._a_b_c.mp4"),
    ],
)
def test_a_file_is_saved_under_its_name(filename: str, plain: str, quoted: str) -> None:
    header = content_disposition(filename, attachment=True)
    assert header == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quoted}"


def test_a_file_that_is_shown_has_the_same_name() -> None:
    header = content_disposition("clip.mp4", attachment=False)
    assert header == "inline; filename=\"clip.mp4\"; filename*=UTF-8''clip.mp4"


@pytest.mark.parametrize("character", [chr(n) for n in [*range(0x20, 0x180), 0x202E, 0x1F600]])
def test_no_character_ends_the_header_or_is_lost(character: str) -> None:
    header = content_disposition(f"a{character}b.mp4", attachment=True)
    form = (
        r'attachment; filename="[ !#-$&-\[\]-~]+"; filename\*=UTF-8\'\'((?:[\w.~-]|%[0-9A-F]{2})+)'
    )
    found = re.fullmatch(form, header, re.ASCII)
    assert found, header
    named = "_" if character in "/\\" else character
    assert unquote(found[1]) == f"a{named}b.mp4"
