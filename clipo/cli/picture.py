"""A thumbnail in the terminal."""

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
    """How a terminal is given a picture."""

    KITTY = auto()
    SIXEL = auto()
    HALF_BLOCKS = auto()


def kind(environ: Mapping[str, str], *, truecolor: bool) -> Kind | None:
    """Return what a terminal understands, by what it says of itself in the environment.

    To ask it would be better, but an answer that comes late, through a slow ssh, is then typed into
    the shell.
    """
    program = environ.get("TERM_PROGRAM") or environ.get("LC_TERMINAL")
    # What tmux and screen do not know they do not pass on.
    direct = not ("TMUX" in environ or "STY" in environ)
    if direct and ("KITTY_WINDOW_ID" in environ or program == "ghostty"):
        return Kind.KITTY
    foot = environ.get("TERM", "").startswith("foot")
    if direct and (foot or "WT_SESSION" in environ or program in _SIXEL_PROGRAMS):
        return Kind.SIXEL
    return Kind.HALF_BLOCKS if truecolor else None


async def show(terminal: Terminal, api: Api, video: Video) -> None:
    """Draw a video's thumbnail, if there is one, where the terminal can."""
    if not video["thumbnail"] or not _possible(terminal):
        return
    try:
        _draw(terminal, await api.thumbnail(video["id"]))
    except Fault as fault:
        terminal.message(f"The thumbnail cannot be shown: {fault}", "dim")


def _possible(terminal: Terminal) -> bool:
    """Whether anything is to be drawn on stdout."""
    out = terminal.out
    return out.file.isatty() and not (out.is_dumb_terminal or out.no_color)


def _draw(terminal: Terminal, jpeg: bytes) -> None:
    """Draw a JPEG where the terminal can."""
    chosen = kind(os.environ, truecolor=terminal.out.color_system == "truecolor")
    if not chosen:
        return
    with _unasked():
        from textual_image import renderable  # noqa: PLC0415 (it asks at its import)

        draws = {
            Kind.KITTY: renderable.TGPImage,
            Kind.SIXEL: renderable.SixelImage,
            Kind.HALF_BLOCKS: renderable.HalfcellImage,
        }[chosen]
        width = min(_WIDTH, terminal.out.width - 2)
        terminal.data(draws(io.BytesIO(jpeg), width=width, height="auto"))


@contextmanager
def _unasked() -> Iterator[None]:
    """Keep textual-image from asking the terminal anything: without a stdin it does not."""
    # It tells that it could not ask for the size of a character, and takes the usual one.
    logging.getLogger("textual_image").setLevel(logging.ERROR)
    stdin, sys.__stdin__ = sys.__stdin__, None  # type: ignore[misc]  # it is final for mypy
    try:
        yield
    finally:
        sys.__stdin__ = stdin  # type: ignore[misc]
