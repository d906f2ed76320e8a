"""What a run hands to its target: callbacks, contexts, futures; and what happens when the target calls them."""

from __future__ import annotations

import contextvars
import weakref
from typing import Any, Final

from futurefuzz.control import Control
from futurefuzz.explorers.base import Pending
from futurefuzz.programs.program import Program
from futurefuzz.runs.acting import NOTHING, Acting
from futurefuzz.runs.callouts import (
    CONTEXT,
    AskedContext,
    AskedValue,
    Awaited,
    CallbackError,
    DoneCallback,
    ProxyContext,
    Value,
)
from futurefuzz.runs.history import CallbackRun, Event, Outcome
from futurefuzz.runs.planned import CallOutError
from futurefuzz.targets.base import Sides, Target

__all__ = ["Handing"]

_CALLBACK: Final = Pending("callback", "callbacks", True)


class Handing(Acting):
    """The part of a run's surroundings that its target sees; arguments as for `acting.Acting`."""

    def __init__(
        self, program: Program, target: Target, control: Control, history: list[Event], *, snapshots: bool
    ) -> None:
        super().__init__(program, target, control, history, snapshots=snapshots)
        self.starving = False  # an allocation is to fail: nothing of ours may run
        self.iterators: dict[int, Any] = {}  # future -> the iterator of its __await__ that the program drives
        self._replaced: list[Sides] = []  # what bare objects stand in for
        self._ids: dict[int, int] = {}
        self._calls = 0
        self._callbacks: dict[int, DoneCallback | weakref.ref[DoneCallback]] = {}
        self._contexts: dict[int, Any] = {}
        self._hooks = {(hook.kind, hook.nth): index for index, hook in enumerate(program.hooks)}
        self._hook_counts: dict[str, int] = {}
        self._dropped: list[weakref.ref[Any]] = []

    def callout(self, event: Pending) -> None:
        """A point inside a call from the target into our objects, and the program's hooks."""
        if not self.running or self.starving:
            return
        self.control.point(event)
        if self._hooks:
            kind = event.kind
            nth = self._hook_counts.get(kind, 0) + 1
            self._hook_counts[kind] = nth
            index = self._hooks.get((kind, nth))
            if index is not None and not self.control.aborting:
                actor = self._acting[self.control.current]
                hook = self.program.hooks[index]
                for position, operation in enumerate(hook.operations):
                    self.operate(operation, self._visit(f"h{index}.{position}"), actor)
                if hook.raises:
                    raise CallOutError(f"o:h{index}")

    def called_back(self, callback: DoneCallback, arguments: tuple[Any, ...]) -> None:
        """A callback is being called: note how, do its operations, raise if it is told to."""
        if not self.running:
            return
        carrier = self.control.current
        before = self._sites[carrier]
        index = callback.index
        self._sites[carrier] = f"c{index}"
        try:
            self.control.point(_CALLBACK)
            future = arguments[0] if arguments else None
            known = self._ids.get(id(future), -1)
            done = bool(future.done()) if known >= 0 and future is not None else False
            call = str(self._calls)
            self._calls += 1
            actor = self._acting[carrier]
            self._log("run", actor, call, CallbackRun(index, known, CONTEXT.get(), done, len(arguments)))
            for position, operation in enumerate(callback.spec.operations):
                self.operate(operation, self._visit(f"c{index}.{position}"), actor)
        finally:
            self._sites[carrier] = before
        outcome = Outcome("raised", f"x:c{index}") if callback.spec.raises else NOTHING
        self._log("ran", actor, call, index, outcome)
        if callback.spec.raises:
            raise CallbackError(f"x:c{index}")

    def callback(self, index: int) -> DoneCallback:
        """The callback object of that number; an ephemeral one lives only as long as somebody else holds it."""
        kept = self._callbacks.get(index)
        callback = kept() if isinstance(kept, weakref.ref) else kept
        if callback is None:
            spec = self.program.callbacks[index]
            callback = DoneCallback(self, index, spec)
            self._callbacks[index] = weakref.ref(callback) if spec.ephemeral else callback
        return callback

    def context(self, number: int) -> Any:
        """The context of that number; one that calls out where the program has a hook for it."""
        context = self._contexts.get(number)
        if context is None:
            made = contextvars.Context()
            made.run(CONTEXT.set, str(number))
            if self.hooked("context-attribute"):
                context = AskedContext(self, made)
            else:
                context = ProxyContext(self, made) if self.hooked("context") else made
            self._contexts[number] = context
        return context

    def hooked(self, kind: str) -> bool:
        """Whether the program acts inside call-outs of that kind."""
        return any(kind == one for one, _ in self._hooks)

    def value(self, label: str) -> Value:
        """A value; one that calls out for its attributes where the program has a hook for it."""
        return (AskedValue if self._hooks and self.hooked("value-attribute") else Value)(self, label)

    def foreign(self, future: Any) -> Any:
        """What is awaited in the place of a future: itself, or what the program puts there."""
        return Awaited(self, future) if self.program.foreign else future

    def gate(self, index: int) -> Any:
        """The resolving side of a future that has not been dropped."""
        sides = self.sides[index]
        assert sides is not None
        return sides.resolver

    def drop(self, index: int) -> None:
        """Forget a future."""
        sides = self.sides[index]
        if sides is not None and self.target.new_group is not None:
            dropped = sides.observer if sides is not self._compound else self._compound.made
            if dropped is not None:
                self._dropped.append(weakref.ref(dropped))
            if sides is self._compound:
                self._compound = None
        self.sides[index] = None
        self.iterators.pop(index, None)

    def replace(self, index: int, future: Any) -> None:
        """Put an object that was never initialised in the place of a future."""
        sides = self.sides[index]
        assert sides is not None
        self._replaced.append(sides)
        self._ids[id(future)] = index
        plain = sides.resolver is sides.observer
        self.sides[index] = Sides(future if plain else sides.resolver, future)
