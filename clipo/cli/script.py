#!/usr/bin/env python3
"""The program `clipo`, which the installer copies beside its Python.

It starts again without PYTHONPATH and similar variables, which may lead to a `clipo` or a `queue`
of another project. Until then it imports only modules that Python itself has loaded.
"""

import os
import sys

_ENVIRONMENT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 (pathlib may be another project's, too)


def _isolate() -> None:
    """If a PYTHON* variable is set, replace this process by one that ignores it."""
    if not sys.flags.ignore_environment and any(name.startswith("PYTHON") for name in os.environ):
        os.execv(sys.executable, [sys.executable, "-E", "-P", *sys.argv])  # noqa: S606 (this program)


def _refuse_copy() -> None:
    """Exit if this program was copied with its environment: it would run the original's code."""
    found = os.path.exists(f"{_ENVIRONMENT}/pyvenv.cfg")  # noqa: PTH110
    if found and os.path.realpath(sys.prefix) != _ENVIRONMENT:
        sys.exit(
            f"{_ENVIRONMENT} was copied from {sys.prefix}, whose code it would run."
            " Type `make run` in this checkout."
        )


if __name__ == "__main__":
    _isolate()
    _refuse_copy()
    try:
        from clipo.cli.app import app

        app()
    except KeyboardInterrupt:  # Ctrl-C during the imports: `app` itself handles it later
        sys.exit(130)
