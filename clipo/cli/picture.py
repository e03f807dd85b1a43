"""Shows thumbnails in the terminal."""

import io
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto

from clipo.cli.terminal import Terminal
from clipo.client.api import Api, Video
from clipo.client.faults import Fault

_WIDTH = 40
_SIXEL_PROGRAMS = ("iTerm.app", "iTerm2", "WezTerm")


class Kind(Enum):
    """A way to show a picture in a terminal."""

    KITTY = auto()
    SIXEL = auto()
    HALF_BLOCKS = auto()


def kind(environ: Mapping[str, str], *, truecolor: bool) -> Kind | None:
    """Return the kind of picture that the terminal in the environment shows.

    A query to the terminal would be more exact, but a late answer, through a slow ssh connection,
    would end up as input of the shell.
    """
    program = environ.get("TERM_PROGRAM") or environ.get("LC_TERMINAL")
    # tmux and screen pass on only what they know.
    direct = not ("TMUX" in environ or "STY" in environ)
    if direct and ("KITTY_WINDOW_ID" in environ or program == "ghostty"):
        return Kind.KITTY
    foot = environ.get("TERM", "").startswith("foot")
    if direct and (foot or "WT_SESSION" in environ or program in _SIXEL_PROGRAMS):
        return Kind.SIXEL
    return Kind.HALF_BLOCKS if truecolor else None


async def show(terminal: Terminal, api: Api, video: Video) -> None:
    """Draw the thumbnail of a video if it has one and the terminal can show it."""
    if not video["thumbnail"] or not _can_draw(terminal):
        return
    try:
        _draw(terminal, await api.thumbnail(video["id"]))
    except Fault as fault:
        terminal.message(f"The thumbnail cannot be shown: {fault}", "dim")


def _can_draw(terminal: Terminal) -> bool:
    out = terminal.out
    return out.file.isatty() and not (out.is_dumb_terminal or out.no_color)


def _draw(terminal: Terminal, jpeg: bytes) -> None:
    chosen = kind(os.environ, truecolor=terminal.out.color_system == "truecolor")
    if not chosen:
        return
    with _no_queries():
        from textual_image import renderable  # noqa: PLC0415 (queries the terminal at its import)

        draws = {
            Kind.KITTY: renderable.TGPImage,
            Kind.SIXEL: renderable.SixelImage,
            Kind.HALF_BLOCKS: renderable.HalfcellImage,
        }[chosen]
        width = min(_WIDTH, terminal.out.width - 2)
        terminal.write(draws(io.BytesIO(jpeg), width=width, height="auto"))


@contextmanager
def _no_queries() -> Iterator[None]:
    """Keep textual-image from querying the terminal, which it does only with a stdin."""
    # It would log that it assumes the usual size of a character.
    logging.getLogger("textual_image").setLevel(logging.ERROR)
    stdin, sys.__stdin__ = sys.__stdin__, None  # type: ignore[misc]  # final in typeshed
    try:
        yield
    finally:
        sys.__stdin__ = stdin  # type: ignore[misc]
