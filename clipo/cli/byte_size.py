"""Sizes as options have them: 500000, 500kB, 20MB, 5GB."""

import re

import typer

_BYTES = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


def parse(text: str) -> int:
    """Return a size in bytes. Raises `typer.BadParameter`."""
    found = re.fullmatch(r"([1-9][0-9]{0,14}) ?([kmgt]b|)", text.strip().lower(), re.ASCII)
    if not found:
        raise typer.BadParameter(
            f"{text!r} is not a size like 500000 (bytes), 500kB, 20MB, 5GB or 1TB."
        )
    return int(found[1]) * _BYTES[found[2]]
