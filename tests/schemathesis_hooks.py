"""Hooks for schemathesis, whose configuration names this file."""

import re
import uuid
from typing import Any

import schemathesis

_KEY = "idempotency-key"


@schemathesis.hook
def before_call(_context: Any, case: "schemathesis.Case[Any]", _kwargs: dict[str, Any]) -> None:
    """Make every valid Idempotency-Key unique, because the API rejects reused keys by design."""
    for name, value in (case.headers or {}).items():
        if name.lower() == _KEY and re.fullmatch("[!-~]{1,255}", str(value)):
            case.headers[name] = str(uuid.uuid4())
