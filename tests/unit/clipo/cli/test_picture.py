import pytest

from clipo.cli.picture import Kind, kind


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"KITTY_WINDOW_ID": "1"}, Kind.KITTY),
        ({"TERM_PROGRAM": "ghostty"}, Kind.KITTY),
        ({"TERM_PROGRAM": "WezTerm"}, Kind.SIXEL),
        ({"LC_TERMINAL": "iTerm2"}, Kind.SIXEL),
        ({"TERM": "foot-extra"}, Kind.SIXEL),
        ({"WT_SESSION": "a"}, Kind.SIXEL),
        ({"WT_SESSION": "a", "TMUX": "/tmp/tmux"}, Kind.HALF_BLOCKS),
        ({"TERM": "xterm-256color"}, Kind.HALF_BLOCKS),
    ],
)
def test_the_environment_names_the_terminal(environ: dict[str, str], expected: Kind) -> None:
    assert kind(environ, truecolor=True) is expected
    assert kind(environ, truecolor=False) in (expected, None)


def test_half_blocks_need_true_colour() -> None:
    assert kind({"TERM": "xterm"}, truecolor=False) is None
