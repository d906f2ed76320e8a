"""A run whose end shows what its target keeps: the program drops one thing after another, and what stays is noted.

An ordinary run cuts all circles at its end, so that nothing of it lives on; here the harness lets go of its own
references in two steps, and looks in between:

1. *held*: callbacks, contexts and tasks are dropped, the futures are not. A future that is done may hold its outcome.
2. *dropped*: futures and loop are dropped too. Everything of the run must be dead, without the collector; what only the
   collector finds is a cycle, and what it does not find either is kept by somebody.

No reference is taken while the run lasts, so that nothing is kept alive that would have died: weak ones for what the
run makes once, and for values and exceptions a look through the collector's list of objects.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import types
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from attrs import define, field

from futurefuzz.control.loop import VirtualLoop
from futurefuzz.leaks.garbage import Cycle, cycles, referents, unreachable, waits
from futurefuzz.leaks.leftovers import handles_of, timers_of
from futurefuzz.leaks.referrers import path_in_words
from futurefuzz.programs.program import Operation
from futurefuzz.runs.callouts import DoneCallback, Value
from futurefuzz.runs.history import Outcome
from futurefuzz.runs.planned import set_traceback, traceback_of
from futurefuzz.runs.world import World
from futurefuzz.targets.base import Compound, Sides

__all__ = ["Ended", "EndingWorld", "Kept"]

_CONTEXTS: Final[tuple[Any, ...]] = (vars(BaseException)["__context__"], vars(BaseException)["__cause__"])

#: contracts whose futures let go of their callbacks when these were scheduled. Those of concurrent.futures never do:
#: `_invoke_callbacks` walks the list and leaves it as it is, on all releases.
_CLEARING: Final = ("asyncio", "compound")


@define
class Kept:
    """Something that is alive although it should not be.

    Args:
        kind: `future`, `task`, `callback`, `context`, `exception`, `value`.
        thing: itself, for whoever wants to know who keeps it; or a weak reference to it.
        chain: how a future leads to it, in words; empty where none does, or nobody has looked.
    """

    kind: str
    thing: Any
    chain: tuple[str, ...] = ()

    def is_one_of(self, things: set[int]) -> bool:
        """Whether its thing is among those, by address."""
        thing = self.thing() if isinstance(self.thing, weakref.ref) else self.thing
        return id(thing) in things


@define(kw_only=True)
class Ended:
    """What was seen at the end of a run.

    Args:
        settled: the run came to its end and nobody waits: only then everything must be dead without the collector.
        held: what completed futures hold beside their outcomes.
        cycles: what only the collector found.
        kept: what the collector did not find either.
        handles: left in the loop, in words.
        types: of the futures and tasks, by name.
    """

    settled: bool = False
    held: list[Kept] = field(factory=list)
    cycles: list[Cycle] = field(factory=list)
    kept: list[Kept] = field(factory=list)
    handles: list[str] = field(factory=list)
    types: dict[str, type] = field(factory=dict)


class EndingWorld(World):
    """The surroundings of one run, with such an end.

    Attributes:
        ended: what was seen; filled when the run is over.
    """

    _at_work = 0  # threads of the program that have not come to their end

    def set_up(self) -> None:
        """As an ordinary one's; what there is of older runs is known."""
        self.ended = Ended()
        self._weak: list[tuple[str, weakref.ref[Any]]] = []
        self._forgotten: list[weakref.ref[Any]] = []
        self._pending: set[int] = set()
        self._late: list[str] = []
        self._older = {id(thing) for thing in gc.get_objects() if _is_made(thing)}
        super().set_up()
        for sides in self.sides:
            for part in _parts_of(sides):
                self._note("future", part)
        for task, _ in self._tasks:
            self._note("task", task)

        if isinstance(self.loop, VirtualLoop):
            vars(self.loop)["_expired"] = partial(self._expired, self.loop._expired)

    def _thread_body(self, number: int, operations: tuple[Operation, ...]) -> Callable[[], None]:
        """As an ordinary one's; how many are at work is known."""
        body = super()._thread_body(number, operations)
        self._at_work += 1

        def counted() -> None:
            body()
            self._at_work -= 1

        return counted

    def _expired(self, fire: Callable[[asyncio.TimerHandle], None], handle: asyncio.TimerHandle) -> None:
        """The time of a timer has come. In a run it comes before the end, so that none is left there; one for which
        everybody waits, although nothing is left to do, would have been left in a loop whose program ends."""
        loop = self.loop
        nobody_works = not self._at_work and not self._open
        # Of timers that are due at once the loop runs all when the first one wakes it.
        still_set = handle._scheduled  # type: ignore[attr-defined]
        if loop is not None and nobody_works and still_set and loop.asleep and not loop.ready_count():
            parts = [part for sides in self.sides for part in _parts_of(sides)]
            if all(map(_is_done, parts)) and all(task.done() for task, _ in self._tasks):
                self._late += timers_of([handle])
        fire(handle)

    def _note(self, kind: str, thing: Any) -> None:
        self.ended.types[f"{type(thing).__module__}.{type(thing).__qualname__}"] = type(thing)
        try:
            self._weak.append((kind, weakref.ref(thing)))
        except TypeError:  # nothing can be said about it
            return

    def _noted(self, index: int, stage: str, made: Any = None) -> None:
        """As an ordinary one's; a compound is made when it is first touched."""
        super()._noted(index, stage, made)
        if made is not None:
            self._note("future", made)

    def callback(self, index: int) -> DoneCallback:
        """As an ordinary one's."""
        callback = super().callback(index)
        if not any(reference() is callback for _, reference in self._weak):
            self._weak.append(("callback", weakref.ref(callback)))
        return callback

    def context(self, number: int) -> Any:
        """As an ordinary one's."""
        known = number in self._contexts
        context = super().context(number)
        if not known and type(context) is contextvars.Context:
            self._weak.append(("context", weakref.ref(context)))
        return context

    def drop(self, index: int) -> None:
        """As an ordinary one's; what is dropped is remembered, weakly."""
        references = [_weakly(part) for part in _parts_of(self.sides[index])]
        self._forgotten += [one for one in references if isinstance(one, weakref.ref)]
        super().drop(index)

    def raised(self, error: BaseException) -> Outcome:
        """As an ordinary one's, but the traceback is cut only as far as it is about our own call: what the exception
        went through before, inside of the target, is a matter of the target's."""
        caller = sys._getframe(1)
        before = traceback_of(error)
        outcome = super().raised(error)
        while before is not None and _is_under(before.tb_frame, caller):
            before = before.tb_next
        set_traceback(error, before)
        return outcome

    def _handled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """As an ordinary one's. `Handle._run` keeps what it has told the handler in a variable, so that an exception
        that a callback raises is in a cycle with that frame, on every release: the loop's doing, which we cut."""
        error = context.get("exception")
        if isinstance(error, BaseException):
            error.__traceback__ = None
        super()._handled(loop, context)

    # ---- the end

    def _note_states(self) -> None:
        super()._note_states()
        self._look_at_held()

    def finish(self) -> None:
        """As an ordinary one's, with a look when the futures are still held, and one when nothing is."""
        super().finish()
        self._look_at_dropped()

    def _look_at_held(self) -> None:
        ended = self.ended
        waiting = any(event.kind == "waiting" for event in self.history)
        ended.settled = self.control.status == "completed" and not waiting and not self.control.aborting
        if isinstance(self.loop, VirtualLoop):
            vars(self.loop).pop("_expired", None)
        if self.loop is not None and ended.settled:
            ended.handles = [*self._late, *handles_of(self.loop)]
        parts = [part for sides in self.sides for part in _parts_of(sides)]
        done = [part for part in parts if _is_done(part)]
        self._pending.update(id(part) for part in parts if not _is_done(part))
        parts.clear()
        self._callbacks.clear()
        self._contexts.clear()
        self.iterators.clear()
        self._tasks[:] = [pair for pair in self._tasks if not pair[0].done()]
        if not ended.settled:
            return
        garbage = unreachable()
        ended.cycles = cycles(garbage, by_design=self._by_design)
        ended.held = self._held(done, {id(thing) for thing in garbage})
        garbage.clear()
        done.clear()
        gc.collect()

    def _held(self, done: list[Any], garbage: set[int]) -> list[Kept]:
        held: list[tuple[str, Any]] = []
        roots = [part for sides in self.sides for part in _parts_of(sides)]
        own = {id(part) for part in roots}  # shield makes of a future that is done that very future
        for reference in self._forgotten:
            future = reference()
            if future is not None and id(future) not in garbage | own and _is_done(future):
                held.append(("future", future))
        if self.target.contract in _CLEARING and not self._pending:
            for kind, reference in self._weak:
                thing = reference()
                if kind in ("callback", "context") and thing is not None and id(thing) not in garbage:
                    held.append((kind, thing))
        if not self._pending:
            held += [(_kind_of(thing), thing) for thing in self._no_outcomes(done, garbage)]
        found = []
        for kind, thing in held:
            chain = path_in_words(roots, thing, referents=referents)
            # Which no way leads to but through frames of ours, in a traceback, is held by the harness.
            if chain or not path_in_words(roots, thing):
                found.append(Kept(kind, _weakly(thing), chain))
        return found

    def _no_outcomes(self, done: list[Any], garbage: set[int]) -> list[Any]:
        """Values and exceptions that are alive, and that no completed future has a right to hold."""
        outcomes: set[int] = set()
        for second in (False, True):  # asking changes futures: not more is asked than has to be
            for part in done:
                _outcomes(part, self.blocks(part), outcomes, second=second)
            left = [thing for thing in self._made() if id(thing) not in outcomes and id(thing) not in garbage]
            if not left:
                break
        return left

    def _look_at_dropped(self) -> None:
        ended = self.ended
        if self.control.aborting and self.control.status == "livelock":
            return
        alive = [(kind, id(thing)) for kind, reference in self._weak if (thing := reference()) is not None]
        thing = None
        garbage = unreachable()
        if ended.settled:
            found = cycles(garbage, by_design=self._by_design)
            ended.cycles += [cycle for cycle in found if cycle not in ended.cycles]
        left = {id(thing) for thing in garbage}
        kept = {key for _, key in alive} - left
        strong = {id(one.thing) for one in ended.held if not isinstance(one.thing, weakref.ref)}
        for kind, reference in self._weak:
            thing = reference()
            if thing is not None and id(thing) in kept:
                ended.kept.append(Kept(kind, thing))
        for thing in self._made():
            if id(thing) not in left and id(thing) not in strong:
                ended.kept.append(Kept(_kind_of(thing), thing))
        thing = None
        things = {id(one.thing) for one in ended.kept}
        ended.held = [one for one in ended.held if not one.is_one_of(things)]
        garbage.clear()
        gc.collect()

    def _by_design(self, things: Sequence[Any]) -> bool:
        return waits(things) or any(id(thing) in self._pending for thing in things)

    def _made(self) -> list[Any]:
        """Values and exceptions of this run that are alive."""
        return [thing for thing in gc.get_objects() if _is_made(thing) and id(thing) not in self._older]


def _is_under(frame: types.FrameType | None, caller: types.FrameType) -> bool:
    while frame is not None:
        if frame is caller:
            return True
        frame = frame.f_back
    return False


def _is_made(thing: object) -> bool:
    kind = type(thing)
    if kind is Value:
        return True
    if not issubclass(kind, BaseException):
        return False
    try:
        return type(object.__getattribute__(thing, "label")) is str
    except AttributeError:
        return False


def _kind_of(thing: object) -> str:
    return "exception" if isinstance(thing, BaseException) else "value"


def _weakly(thing: Any) -> Any:
    """A weak reference, or the thing where it supports none."""
    try:
        return weakref.ref(thing)
    except TypeError:
        return thing


def _parts_of(sides: Sides | None) -> list[Any]:
    """The futures of it. A compound that nobody has touched is not made by looking at it."""
    if sides is None:
        return []
    if isinstance(sides, Compound):
        return [] if sides.made is None else [sides.made]
    return [sides.resolver] if sides.resolver is sides.observer else [sides.resolver, sides.observer]


def _is_done(future: Any) -> bool:
    try:
        return bool(future.done())
    except Exception:  # one that was never initialised
        return False


def _outcomes(future: Any, blocks: bool, found: set[int], *, second: bool) -> None:
    """What a completed future has a right to hold: its outcome, and what hangs on an exception.

    With `second`, its result where it has an exception too: a target that accepts a second outcome may have both.
    """
    todo: list[Any] = []
    error = before = None
    try:
        error = future.exception(timeout=0) if blocks else future.exception()
        todo.append(error)
        before = traceback_of(error) if isinstance(error, BaseException) else None
        if error is None or second:
            todo.append(future.result(timeout=0) if blocks else future.result())
    except BaseException as raised:
        if raised is error:
            set_traceback(raised, before)
        todo.append(raised)
    while todo:
        thing = todo.pop()
        if thing is None or id(thing) in found:
            continue
        found.add(id(thing))
        if isinstance(thing, BaseException):
            todo += [context.__get__(thing) for context in _CONTEXTS]  # those of an exception that does not tell, too
        if isinstance(thing, BaseExceptionGroup):
            todo += thing.exceptions
        elif isinstance(thing, list | tuple | set):
            todo += thing
        elif isinstance(thing, dict):
            todo += [*thing, *thing.values()]
