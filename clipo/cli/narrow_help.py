"""The help for a narrow terminal, which would squeeze the columns of Typer's tables."""

import shutil
import textwrap
from collections.abc import Iterator
from typing import Any

_LEAST_COLUMNS = 60
"""Columns from which on Typer's tables are readable."""


def is_narrow() -> bool:
    """Tell whether the terminal is too narrow for tables."""
    return shutil.get_terminal_size().columns < _LEAST_COLUMNS


def narrow_help(command: Any, context: Any) -> str:
    """Return the help of a command, with each explanation below its option."""
    width = shutil.get_terminal_size().columns
    usage = " ".join(["Usage:", context.command_path, *command.collect_usage_pieces(context)])
    texts = [usage, *(command.help or "").split("\n\n")]
    lines = [*(f"{_fill(text, width)}\n" for text in texts if text)]
    for heading, rows in _sections(command, context).items():
        entries = [_entry(name, text, width) for name, text in rows]
        lines.append("\n".join([f"{heading}:", *entries, ""]))
    if command.epilog:
        lines.append(f"{_fill(command.epilog, width)}\n")
    return "\n".join(lines).rstrip("\n")


def _sections(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """Return the rows of each section: arguments, options, and the panels of a group."""
    found: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        if record := parameter.get_help_record(context):
            kind = f"{parameter.param_type_name.capitalize()}s"
            found.setdefault(kind, []).append(record)
    for panel, name, text in _commands(command, context):
        found.setdefault(panel, []).append((name, text))
    return found


def _commands(group: Any, context: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the panel, the name and the first paragraph of each command of a group."""
    for name in getattr(group, "commands", {}):
        command = group.get_command(context, name)
        if not command.hidden:
            panel = command.rich_help_panel or "Commands"
            yield panel, name, command.help.split("\n\n")[0]


def _entry(name: str, text: str, width: int) -> str:
    return f"{_fill(name, width, indent=2)}\n{_fill(text, width, indent=6)}"


def _fill(text: str, width: int, indent: int = 0) -> str:
    """Return a text in lines; a word that is longer than a line, such as an address, is whole."""
    space = " " * indent
    return textwrap.fill(
        text,
        width,
        initial_indent=space,
        subsequent_indent=space,
        break_long_words=False,
        break_on_hyphens=False,
    )
