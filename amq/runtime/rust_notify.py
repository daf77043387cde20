"""The watcher of watchfiles, without the rest of its package.

That imports multiprocessing and more, to restart programs: a megabyte of each `amq run`.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from watchfiles._rust_notify import RustNotify

__all__ = ("RustNotify",)

_NAME = "watchfiles._rust_notify"


def _load() -> ModuleType:
    """Return the module. It is loaded once in a process: an import of all of watchfiles finds it."""
    if _NAME in sys.modules:
        return sys.modules[_NAME]
    package = find_spec("watchfiles")
    spec = PathFinder.find_spec(_NAME, package.submodule_search_locations if package else None)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {_NAME!r}", name=_NAME)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[_NAME] = module
    return module


if not TYPE_CHECKING:
    RustNotify = _load().RustNotify
