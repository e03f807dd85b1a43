"""A thumbnail in the terminal."""

import io
import logging
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from clipo.client.terminal import Terminal

if TYPE_CHECKING:
    from textual_image.renderable import HalfcellImage, SixelImage, TGPImage

_WIDTH = 40


def possible(terminal: Terminal) -> bool:
    """Whether anything is to be drawn on stdout."""
    return terminal.out.is_terminal and not (terminal.out.is_dumb_terminal or terminal.out.no_color)


def show(terminal: Terminal, jpeg: bytes) -> None:
    """Draw a JPEG where the terminal can: by kitty's protocol, sixel or half blocks."""
    kind = _kind(os.environ, truecolor=terminal.out.color_system == "truecolor")
    if kind:
        width = min(_WIDTH, terminal.out.width - 2)
        terminal.data(kind(io.BytesIO(jpeg), width=width, height="auto"))


def _kind(
    environ: Mapping[str, str], *, truecolor: bool
) -> "type[TGPImage | SixelImage | HalfcellImage] | None":
    # It tells when a terminal does not answer, which it need not.
    logging.getLogger("textual_image").setLevel(logging.ERROR)
    # At its import it asks whether this is kitty, which others show as text. Without a stdout it
    # does not ask.
    stdout, sys.__stdout__ = sys.__stdout__, None  # type: ignore[misc]  # it is final for mypy
    try:
        from textual_image import renderable  # noqa: PLC0415
    finally:
        sys.__stdout__ = stdout  # type: ignore[misc]
    if "KITTY_WINDOW_ID" in environ or environ.get("TERM_PROGRAM") == "ghostty":
        return renderable.TGPImage
    if renderable.sixel.query_terminal_support():
        return renderable.SixelImage
    return renderable.HalfcellImage if truecolor else None
