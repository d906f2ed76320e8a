"""Finds the locks that were made before a run, wherever the program keeps them, and puts others in their place.

A controlled thread must never wait for a real lock whose holder is suspended. Locks are looked for in the globals of
all modules and the attributes of their classes, and, for modules that are not the standard library's, also inside the
objects that are found there. Conditions, events, semaphores, barriers, queues and executors are searched as the objects
that they are.
"""

from __future__ import annotations

import _thread
import logging
import queue
import sys
import threading
import types
from collections.abc import Callable, Iterable
from typing import Any, Final

from futurefuzz.control import primitives
from futurefuzz.control.locks import OlderLock, OlderRLock, QuietLock, QuietRLock, SimpleQueue

__all__ = ["OlderLocks", "spared"]

_Lock: Final = _thread.LockType
_RLock: Final = _thread.RLock
_PyRLock: Final[Any] = vars(threading)["_RLock"]
_CSimpleQueue: Final = queue.SimpleQueue
_BUILTIN_METHOD: Final[type] = type([].append)
_METHODS: Final = frozenset({"acquire", "release", "_release_save", "_acquire_restore", "_is_owned", "locked"})

#: at most so many objects are looked at
_BOUND: Final = 20_000
_DEPTH: Final = 8

#: packages whose locks are not the program's: ours, and those that run it
_SPARED: Final = frozenset(
    {
        "futurefuzz", "importlib", "sys", "builtins", "_thread", "_pytest", "pytest", "pluggy", "xdist", "execnet",
        "pytest_timeout", "hypothesis", "atheris", "coverage", "click", "rich", "attr", "attrs", "cattrs", "iniconfig",
        "__mp_main__", "_frozen_importlib", "_frozen_importlib_external", "zipimport", "gc", "atexit", "faulthandler",
        "_imp", "_weakref", "weakref", "pdb", "bdb", "_io", "io", "warnings", "tracemalloc",
    }
)  # fmt: skip

#: of the standard library: their locks guard bookkeeping, and taking one is no point
_MACHINERY: Final = frozenset(
    {"logging", "threading", "asyncio", "concurrent", "multiprocessing", "tempfile", "random"}
)


def spared(module: str) -> bool:
    """Whether a module is left as it is."""
    return module.partition(".")[0] in _SPARED


def _home(kind: type) -> str:
    """The module of a class; one that is made in C need not have any, or has something there that is no text."""
    module = getattr(kind, "__module__", None)
    return module if isinstance(module, str) else ""


class OlderLocks:
    """All the places where a lock from before the run is kept.

    Args:
        roots: what to look into, such as the function that is run.
        known: locks that were found before, in all modules; without it these are searched.
    """

    def __init__(self, roots: Iterable[object] = (), *, known: OlderLocks | None = None) -> None:
        self._by_id: dict[int, Any] = {} if known is None else dict(known._by_id)
        self._seen: dict[int, object] = {}
        self._places: list[tuple[Callable[[Any], None], Any, Any]] = []
        self._quiet = False
        if known is None:
            self._search_modules()
        for root in roots:
            self._look_into(root, 0)
        self._seen.clear()

    def _search_modules(self) -> None:
        for name, module in list(sys.modules.items()):
            namespace = getattr(module, "__dict__", None)
            if type(namespace) is not dict or spared(name):
                continue
            top = name.partition(".")[0]
            standard = top in sys.stdlib_module_names
            self._quiet = standard and top in _MACHINERY
            self._look_into_namespace(namespace, 0 if not standard else _DEPTH, name)
        self._quiet = True
        for reference in list(vars(logging).get("_handlerList", ())):
            handler = reference()
            if handler is not None and not spared(_home(type(handler))):
                self._look_into(handler, _DEPTH - 1)
        self._quiet = False

    def _look_into_namespace(self, namespace: dict[str, Any], depth: int, module: str) -> None:
        for key, value in list(namespace.items()):
            if self._take(namespace.__setitem__, key, value):
                continue
            if isinstance(value, type):
                if _home(value) == module:
                    self._look_into(value, depth)
            elif depth < _DEPTH and not isinstance(value, types.ModuleType):
                self._look_into(value, depth)

    def _take(self, put: Callable[[Any, Any], None], key: Any, value: object) -> bool:
        """Note a place that holds a lock, or a method of one."""
        kind = type(value)
        if kind is _Lock or kind is _RLock or kind is _PyRLock:
            twin = self._twin(value)
            self._places.append((lambda new: put(key, new), value, twin))
            return True
        if kind is _BUILTIN_METHOD:
            owner = getattr(value, "__self__", None)
            name = getattr(value, "__name__", "")
            if name in _METHODS and type(owner) in (_Lock, _RLock):
                self._places.append((lambda new: put(key, new), value, getattr(self._twin(owner), name)))
                return True
        if kind is _CSimpleQueue and value.empty():  # type: ignore[attr-defined]
            self._places.append((lambda new: put(key, new), value, None))
            return True
        return False

    def _twin(self, lock: Any) -> Any:
        known = self._by_id.get(id(lock))
        if known is None:
            if type(lock) is _Lock:
                known = OlderLock(lock, QuietLock if self._quiet else primitives.Lock)
            else:
                known = OlderRLock(lock, QuietRLock if self._quiet else primitives.RLock)
            self._by_id[id(lock)] = known
        return known

    def _look_into(self, value: Any, depth: int) -> None:
        if depth > _DEPTH or id(value) in self._seen or len(self._seen) > _BOUND:
            return
        kind = type(value)
        if kind in _PLAIN:
            return
        home = _home(kind)
        if home != "builtins" and spared(home):
            return
        self._seen[id(value)] = value
        if kind is dict:
            self._look_at(value, list(value.items()), value.__setitem__, depth)
        elif kind is list:
            self._look_at(value, list(enumerate(value)), value.__setitem__, depth)
        elif kind in (tuple, set, frozenset):
            for part in value:
                self._look_into(part, depth + 1)
        elif isinstance(value, types.FunctionType):
            self._look_into_function(value, depth)
        elif isinstance(value, types.MethodType):
            self._look_into(value.__self__, depth + 1)
            self._look_into(value.__func__, depth + 1)
        elif isinstance(value, types.CellType):
            self._look_into_cell(value, depth)
        elif isinstance(value, type):
            if not spared(_home(value)) and value.__flags__ & (1 << 9):  # heap type
                self._look_at(value, list(vars(value).items()), lambda key, new: setattr(value, key, new), depth)
        elif isinstance(value, (types.ModuleType, types.CodeType, types.FrameType)):
            return
        else:
            self._look_into_instance(value, kind, depth)

    def _look_into_function(self, function: types.FunctionType, depth: int) -> None:
        for cell in function.__closure__ or ():
            self._look_into(cell, depth + 1)
        for default in function.__defaults__ or ():
            self._look_into(default, depth + 1)

    def _look_into_cell(self, cell: types.CellType, depth: int) -> None:
        try:
            content = cell.cell_contents
        except ValueError:
            return
        if not self._take(lambda key, new: setattr(cell, "cell_contents", new), None, content):
            self._look_into(content, depth + 1)

    def _look_into_instance(self, value: Any, kind: type, depth: int) -> None:
        try:
            attributes = object.__getattribute__(value, "__dict__")
        except Exception:
            attributes = None
        if type(attributes) is dict:
            self._look_at(value, list(attributes.items()), lambda key, new: attributes.__setitem__(key, new), depth)
        for base in kind.__mro__:
            slots = vars(base).get("__slots__")
            if not slots or _home(base).partition(".")[0] in _BUILT_IN:
                continue
            for name in (slots,) if isinstance(slots, str) else tuple(slots):
                try:
                    content = object.__getattribute__(value, name)
                except Exception:
                    continue
                self._look_at(value, [(name, content)], lambda key, new: object.__setattr__(value, key, new), depth)

    def _look_at(
        self, value: object, items: list[tuple[Any, Any]], put: Callable[[Any, Any], None], depth: int
    ) -> None:
        for key, part in items:
            if not self._take(put, key, part) and type(part) not in _PLAIN:
                self._look_into(part, depth + 1)

    def __len__(self) -> int:
        return len(self._places)

    def replace(self) -> None:
        """Put the others in their place; the run begins."""
        for lock in self._by_id.values():
            lock.begin()
        for put, old, new in self._places:
            try:
                put(SimpleQueue() if new is None and type(old) is _CSimpleQueue else new)
            except Exception:
                continue  # read-only: it stays as it is, and the watchdog looks after it

    def give_back(self) -> None:
        """All as it was."""
        for put, old, _ in self._places:
            try:
                put(old)
            except Exception:
                continue  # it could not be replaced either


_BUILT_IN: Final = frozenset({"builtins", "types"})
_PLAIN: Final = frozenset(
    {int, str, bytes, float, bool, complex, type(None), types.BuiltinFunctionType, types.ModuleType, types.CodeType,
     property, staticmethod, classmethod, types.GetSetDescriptorType, types.MemberDescriptorType,
     types.WrapperDescriptorType, types.MethodDescriptorType}
)  # fmt: skip
