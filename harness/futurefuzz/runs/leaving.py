"""What a program leaves to the end of the interpreter, when there is nobody who takes it apart.

A program with a hook of a kind in `EXITS` is run as any other, once; then its process ends as processes do: nothing is
closed, cancelled or let go of, and the interpreter is finalised with pending futures, suspended tasks, registered
callbacks and half-driven iterators alive. Finalisers and weak references of the program's objects go off in the middle
of it, and threads go on. Whoever watches the process sees how it ended; that is all that can be judged.

By then modules are being cleared, and a global of Python code may be None at any moment. So what the hooks do is bound
before: calls of the target's own methods, which need no name of ours.
"""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from asyncio import events
from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType
from typing import Any, Final

from futurefuzz.programs.operations import EXITS
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.callouts import Value
from futurefuzz.runs.planned import exception_of
from futurefuzz.runs.world import World

__all__ = ["Leaving", "leave", "leaves", "left"]

#: values that die at the end besides those that the program has set
_MORE: Final = 2
_NAME: Final = "futurefuzz left this"

_left: list[Leaving] = []

Act = Callable[[], Any]


def leaves(program: Program) -> bool:
    """Whether a program is to end with its process."""
    return any(hook.kind in EXITS for hook in program.hooks)


def left() -> bool:
    """Whether a run of such a program has left something, so that this process is to end now, as processes do."""
    return bool(_left)


class Leaving(World):
    """The surroundings of such a run: its end takes nothing apart."""

    def finish(self) -> None:
        """Look at the futures as the run left them, and leave them."""
        self.running = False
        self._note_states()
        self.history = []
        _left.append(self)


def leave() -> None:
    """Arrange the end: bind what is done in it, and put what the run left where the interpreter will find it."""
    (world,) = _left
    gc.enable()  # the interpreter collects at its end only where it would collect at all
    acting = _Acting(world)
    world.callout = acting  # type: ignore[method-assign]
    kinds = {hook.kind for hook in world.program.hooks}
    if kinds == {"exit-garbage"}:
        world.itself = world  # type: ignore[attr-defined]
    elif "exit-late" in kinds:
        setattr(sys, _NAME, world)
        if world.loop is not None:
            events._set_running_loop(world.loop)
    else:
        # A module of its own: the others may be frozen, and would keep it for ever.
        holder = sys.modules[_NAME] = ModuleType(_NAME)
        holder.world = world  # type: ignore[attr-defined]
    for acts in acting.threads:
        threading.Thread(target=_go_on, args=(acts,), daemon=True).start()
    _left.clear()


class _Acting:
    """Stands in for the call-outs of a run: the nth finaliser or weak reference that goes off does what a hook says."""

    def __init__(self, world: World) -> None:
        self.count = 0
        self.acts: dict[int, list[Act]] = {}
        self.threads: list[list[Act]] = []
        self.values = [Value(world, "v:exit") for _ in range(_MORE)]
        self.watching = [
            weakref.ref(side, self)
            for sides in world.sides
            if sides is not None
            for side in {id(side): side for side in (sides.observer, sides.resolver)}.values()
            if type(side).__weakrefoffset__
        ]
        for number, hook in enumerate(world.program.hooks):
            if hook.kind in EXITS:
                acts = [
                    act
                    for position, operation in enumerate(hook.operations)
                    if (act := _bound(world, operation, f"h{number}.{position}")) is not None
                ]
                if hook.kind != "exit-thread":
                    self.acts.setdefault(hook.nth, []).extend(acts)
                elif acts:
                    self.threads.append(acts)

    def __call__(self, event: Any, get: Callable[[Any, str, str], str] = getattr) -> None:
        # The event may be a weak reference, or None where the module that had it is cleared. Built-in names are gone,
        # too, at the very end, so that the one that is needed is an argument.
        if get(event, "kind", "del") != "del":
            return
        self.count += 1
        for act in self.acts.get(self.count, ()):
            try:  # noqa: SIM105 (contextlib may be cleared)
                act()
            except BaseException:
                pass


def _go_on(acts: Sequence[Act]) -> None:
    """A thread that acts until there is no interpreter any more."""
    while True:
        for act in acts:
            try:  # noqa: SIM105 (contextlib may be cleared)
                act()
            except BaseException:
                pass


def _bound(world: World, operation: Operation, site: str) -> Act | None:
    """An operation as a call that needs nothing of ours any more; None of what makes no sense at the end."""
    name, index = operation.name, operation.future
    sides = world.sides[index]
    if sides is None:
        return None
    future = sides.resolver if name in world.target.resolver_operations else sides.observer
    if name == "drop":
        return partial(world.sides.__setitem__, index, None)
    if name == "collect":
        return gc.collect
    if name == "repr":
        return partial(repr, future)
    if name == "set_result":
        return partial(future.set_result, Value(world, f"v:{site}"))
    if name == "set_exception":
        odd = operation.argument == "not-an-exception"
        argument = Value(world, f"e:{site}") if odd else exception_of(world, operation.argument, f"e:{site}")
        return partial(future.set_exception, argument)
    if name in ("add_done_callback", "remove_done_callback"):
        assert operation.callback is not None
        return partial(getattr(future, name), world.callback(operation.callback))
    if name in ("iter", "iter-send"):
        iterator = world.iterators.get(index)
        if iterator is None:
            iterator = world.iterators[index] = future.__await__()
        return partial(next, iterator)
    if name in ("result", "exception"):
        if world.blocks(future) and operation.argument != "wait":
            return partial(getattr(future, name), timeout=0)
        return partial(getattr(future, name))
    if name in ("cancel", "done", "cancelled", "running"):
        found: Act | None = getattr(future, name, None)
        return found
    return None
