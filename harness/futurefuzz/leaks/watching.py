"""Leaks of ordinary code: a block is watched, and what it leaves is named."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import Any, TypeVar

from futurefuzz.contracts import leak_clauses as clauses
from futurefuzz.errors import InputError
from futurefuzz.leaks.garbage import cycles, frozen_heap, thawed_heap, unreachable
from futurefuzz.leaks.leak import Leak, cycle_leak, handle_leak, survivor
from futurefuzz.leaks.leftovers import Leftovers, handles_of, look
from futurefuzz.leaks.referrers import kept_by
from futurefuzz.leaks.words import word

__all__ = ["Watch", "watch"]

T = TypeVar("T")


class Watch:
    """A context in which what happens is watched; `leaks` holds what was found when it ends.

    The collector does not come by itself meanwhile. A block that raises is not judged. Within a coroutine the running
    loop is watched too.

    Attributes:
        leaks: empty until the end.
    """

    def __init__(self) -> None:
        self.leaks: tuple[Leak, ...] = ()
        self._tracked: list[tuple[str, weakref.ref[Any]]] = []
        self._heap = frozen_heap()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handles: list[str] = []
        self._before: Leftovers | None = None

    def track(self, thing: T, name: str = "") -> T:
        """An object that must be dead when the block ends. It is returned, for use within an expression.

        Args:
            thing: supports weak references.
            name: what it is called in the report; empty: by its kind.

        Raises:
            InputError: it supports no weak references.
        """
        try:
            self._tracked.append((name or word(thing), weakref.ref(thing)))
        except TypeError:
            raise InputError(
                f"{word(thing)}: cannot be tracked; allowed: objects that support weak references"
            ) from None
        return thing

    def __enter__(self) -> Watch:
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        if self._loop is not None:
            self._handles = handles_of(self._loop)
        self._before = look()
        self._heap.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._heap.__exit__(kind, error, traceback)
            return
        try:
            alive = [(name, thing) for name, reference in self._tracked if (thing := reference()) is not None]
            names = {id(thing): name for name, thing in alive}
            alive.clear()
            thing = None
            garbage = unreachable()
            circles = cycles(garbage)
            left = {id(one) for one in garbage}
            garbage.clear()
            gc.collect()
        finally:
            self._heap.__exit__(None, None, None)
        stayed = [name for key, name in names.items() if key not in left]
        found = [cycle_leak(circle) for circle in circles]
        found += self._survivors(stayed)
        found += _left_behind(self._before, self._loop, self._handles)
        self.leaks = tuple(found)

    def _survivors(self, names: Sequence[str]) -> list[Leak]:
        """Those that the collector did not find either, with who keeps them."""
        if not names:
            return []
        with thawed_heap():
            kept = []
            for name, reference in self._tracked:  # on 3.11 a comprehension would hold the thing itself, in a closure
                thing = reference()
                if thing is not None and name in names:
                    kept.append((name, kept_by(thing, ignoring=[self._tracked])))
                del thing
        return [survivor(name, chain) for name, chain in kept]


def watch() -> Watch:
    """Watch a block: `with watch() as watched: …`, then look at `watched.leaks`.

    What grows from one time to the next is not seen in one block; see `check_leaks`."""
    return Watch()


def _left_behind(
    before: Leftovers | None, loop: asyncio.AbstractEventLoop | None, handles: Sequence[str]
) -> list[Leak]:
    assert before is not None
    threads, descriptors = look(before).new_since(before)
    found = [
        Leak(kind="thread", clause=clauses.THREAD, cause=f"a thread was started and still lives: {name}")
        for name in threads
    ]
    found += [
        Leak(kind="descriptor", clause=clauses.DESCRIPTOR, cause=f"descriptor {text} was opened and not closed")
        for text in descriptors
    ]
    if loop is not None:
        known = list(handles)
        for text in handles_of(loop):
            if text in known:
                known.remove(text)
            else:
                found.append(handle_leak(text))
    return found
