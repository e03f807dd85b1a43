"""Loads the JSON events in events/, which `sam local invoke` also uses."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "events"


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text())
    return loaded


def names(prefix: str) -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob(f"{prefix}-*.json"))
