"""Orders that depend on memory addresses, made the same in every run.

Sets of futures, tasks and threads are ordered by address, and the libraries iterate over them: a pool joins its
workers, `asyncio.run` cancels what is left, `concurrent.futures.wait` takes locks in the order of `id`. On a real
machine any order may come; here it is that of first use. A program's sets of its own objects stay as they are.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import threading
from asyncio import taskgroups, tasks
from collections.abc import Iterable, Iterator
from concurrent.futures import _base
from typing import Any, Final

from futurefuzz.control.threads import present

__all__ = ["SUBSTITUTES", "OrderedSet", "forget", "give_back", "prepare"]


class OrderedSet(set[Any]):
    """A set that is iterated over in the order in which things came in."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._order: dict[Any, None] = dict.fromkeys(items)
        super().__init__(self._order)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._order))

    def add(self, item: Any) -> None:
        """As `set.add`."""
        self._order[item] = None
        super().add(item)

    def discard(self, item: Any) -> None:
        """As `set.discard`."""
        self._order.pop(item, None)
        super().discard(item)

    def remove(self, item: Any) -> None:
        """As `set.remove`."""
        super().remove(item)
        self._order.pop(item, None)

    def pop(self) -> Any:
        """The first."""
        if not self._order:
            return super().pop()
        item = next(iter(self._order))
        self.remove(item)
        return item

    def clear(self) -> None:
        """As `set.clear`."""
        self._order.clear()
        super().clear()

    def update(self, *others: Iterable[Any]) -> None:
        """As `set.update`."""
        for other in others:
            for item in other:
                self.add(item)

    def copy(self) -> OrderedSet:
        """As `set.copy`."""
        return OrderedSet(self)

    def __sub__(self, other: Any) -> OrderedSet:
        return OrderedSet(item for item in self if item not in other)

    def __reduce__(self) -> Any:
        return set, (list(self),)


_real_all_tasks: Final = tasks.all_tasks


def _all_tasks(loop: Any = None) -> Any:
    found = _real_all_tasks(loop)
    if present() is None:
        return found
    loop = loop if loop is not None else asyncio.get_running_loop()
    number = getattr(loop, "number_of", None)
    return found if number is None else OrderedSet(sorted(found, key=number))



def _hash(self: Any) -> int:
    """By first use in a run; by address for what was first hashed outside of one."""
    known = self.__dict__.get("_futurefuzz_hash")
    if known is None:
        control = present()
        known = object.__hash__(self) if control is None else control.number("hash")
        self.__dict__["_futurefuzz_hash"] = known
    return int(known)


def _id(thing: object) -> int:
    """Stands for `id` where locks are taken in its order."""
    return id(thing) if present() is None else hash(thing)


#: module, name: builtins that a module finds among its own globals while a run lasts
_INJECTED: Final[tuple[tuple[dict[str, Any], str, Any], ...]] = (
    (vars(tasks), "set", OrderedSet),
    (vars(taskgroups), "set", OrderedSet),
    (vars(_base), "id", _id),
)
_HASHED: Final = (concurrent.futures.Future, threading.Thread)
_prepared = False


def prepare() -> None:
    """A run begins."""
    global _prepared
    if not _prepared:
        # Until `forget`: a class that is changed in every run loses CPython's method caches.
        _prepared = True
        for kind in _HASHED:
            if kind.__hash__ is object.__hash__:
                setattr(kind, "__hash__", _hash)  # noqa: B010  # mypy
    for namespace, name, value in _INJECTED:
        namespace[name] = value


def give_back() -> None:
    """It is over."""
    for namespace, name, _ in _INJECTED:
        namespace.pop(name, None)


def forget() -> bool:
    """Many runs are over: take `__hash__` away again, unless something lives that was hashed by it in one of them, and
    would now be looked for in another place of its set; whether it is gone."""
    global _prepared
    gc.collect()
    for thing in gc.get_objects():
        if issubclass(type(thing), _HASHED):
            known = vars(thing).get("_futurefuzz_hash")
            if known is not None and known != object.__hash__(thing):
                return False
    for kind in _HASHED:
        if vars(kind).get("__hash__") is _hash:
            delattr(kind, "__hash__")
    _prepared = False
    return True


#: real object -> what stands in its place during a run
SUBSTITUTES: list[tuple[Any, Any]] = [(_real_all_tasks, _all_tasks)]
