"""Puts one object in the place of another wherever a module keeps it by name, for as long as a run lasts.

`from time import sleep` binds a name in the importing module, so replacing `time.sleep` alone is not enough. All loaded
modules are searched once; again when modules have been added.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from typing import Any, Final

from futurefuzz.control.older import spared

__all__ = ["Substitution"]

_NEVER: Final = object()
#: they belong to the interpreter, and yet what programs call in them is replaced
_LOOKED_THROUGH: Final = ("_thread", "atexit")


def _of_a_kind(real: Any, substitute: Any) -> Any:
    """A function in C that a class keeps is no method of its instances, and neither is what stands in its place."""
    if isinstance(real, types.BuiltinFunctionType) and isinstance(substitute, types.FunctionType):
        return staticmethod(substitute)
    return substitute


class Substitution:
    """The names to replace.

    Args:
        pairs: real object and what stands in its place.
    """

    def __init__(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        self._pairs = tuple((real, _of_a_kind(real, substitute)) for real, substitute in pairs)
        self._by_id = {id(real): (real, substitute) for real, substitute in self._pairs}
        self._back = {id(substitute): real for real, substitute in self._pairs}
        self._modules: list[str] = []
        self._places: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = []

    def replace(self) -> bool:
        """Begin; whether modules were added since the last time."""
        changed = [*sys.modules] != self._modules
        if changed:
            self._search()
        for namespace, substitutes, _ in self._places:
            namespace.update(substitutes)
        return changed

    def give_back(self) -> None:
        """All as it was; also in modules that were imported meanwhile."""
        for namespace, _, originals in self._places:
            namespace.update(originals)
        back = self._back
        if [*sys.modules] == self._modules:
            return
        known = set(self._modules)
        for name, module in list(sys.modules.items()):
            if name in known:
                continue
            found = getattr(module, "__dict__", None)
            if type(found) is dict:
                namespace = found
                for key, value in list(namespace.items()):
                    real = back.get(id(value), _NEVER)
                    if real is not _NEVER:
                        namespace[key] = real

    def _search(self) -> None:
        self._modules = [*sys.modules]
        self._places = []
        by_id = self._by_id
        for name, module in list(sys.modules.items()):
            if spared(name) and name not in _LOOKED_THROUGH:
                continue
            namespace = getattr(module, "__dict__", None)
            if type(namespace) is not dict:
                continue
            substitutes: dict[str, Any] = {}
            originals: dict[str, Any] = {}
            for key, value in list(namespace.items()):
                pair = by_id.get(id(value))
                if pair is not None and pair[0] is value:
                    substitutes[key] = pair[1]
                    originals[key] = value
            if substitutes:
                self._places.append((namespace, substitutes, originals))
