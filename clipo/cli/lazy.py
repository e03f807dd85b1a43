"""Lazy imports."""

import os
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType


def load_at_first_use(name: str) -> None:
    """Import a module of a package so that its code runs only when an attribute of it is used.

    https://docs.python.org/3/library/importlib.html#implementing-lazy-imports
    """
    if name in sys.modules:
        return
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    spec.loader = LazyLoader(_Loader(name, spec.origin))
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    package, _, short = name.rpartition(".")
    setattr(sys.modules[package], short, module)


class _Loader(SourceFileLoader):
    """Runs the code of a module, and ends the process at Ctrl-C.

    CPython ignores errors of a module that an `import` loads so late, and would go on with a part
    of the module.
    """

    def exec_module(self, module: ModuleType) -> None:
        """Run the code of a module."""
        try:
            super().exec_module(module)
        except KeyboardInterrupt:
            os._exit(130)
