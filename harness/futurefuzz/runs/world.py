"""The surroundings of one run: its futures, loop, actors and hooks, and the history that they leave."""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any, Final

from futurefuzz.control import Abort, Control
from futurefuzz.errors import HarnessError
from futurefuzz.explorers.base import Pending
from futurefuzz.programs.operations import HOOK_KINDS
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.aftermath import act_when_closed
from futurefuzz.runs.callouts import CONTEXT, Awaited, CallbackError, DoneCallback, ProxyContext
from futurefuzz.runs.history import LOOP, CallbackRun, Event, FinalState, Outcome
from futurefuzz.runs.labels import label_of
from futurefuzz.runs.notes import STOPPERS, Notes
from futurefuzz.runs.performing import PERFORM, perform_starved
from futurefuzz.runs.planned import CallOutError
from futurefuzz.runs.posting import Posted, RunLoop
from futurefuzz.runs.winding_up import wind_up
from futurefuzz.targets.base import LOOPLESS, Compound, Sides, Target

__all__ = ["QUIET", "World"]

_NONE: Final = Outcome("returned", "None")
_SKIPPED: Final = Outcome("returned", "skipped")
_CALLBACK: Final = Pending("callback", "callbacks", True)
_WRITES: Final = frozenset(
    {"set_result", "set_exception", "cancel", "add_done_callback", "remove_done_callback", "set_running", "drop"}
)
_OPERATING: Final = tuple(
    (Pending("operation", f"f{index}", False), Pending("operation", f"f{index}", True)) for index in range(16)
)

#: points inside C code: an unwinding run passes them, or the target's error paths would be part of every unwinding
QUIET: Final = frozenset(HOOK_KINDS) - {"context"} | {"weakref", "wake"}


def _ignore(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the collector finds of a pending task after its run is no event any more."""


class World(Notes):
    """One run's futures and actors.

    Args:
        program: what is run.
        target: on what.
        control: under whose choices; its actors are spawned here.
        history: where events go.
        snapshots: note the state of the futures after each change.
    """

    def __init__(
        self, program: Program, target: Target, control: Control, history: list[Event], *, snapshots: bool
    ) -> None:
        super().__init__(control, history)
        self.program = program
        self.target = target
        self.loop: RunLoop | None = None
        self.loop_carrier: int | None = None if target.contract in LOOPLESS else 0
        self.starving = False  # an allocation is to fail: nothing of ours may run
        self.iterators: dict[int, Any] = {}  # future -> the iterator of its __await__ that the program drives
        self.coroutines: list[Any] = []  # to be closed at the end
        self._replaced: list[Sides] = []  # what bare objects stand in for
        self._ids: dict[int, int] = {}
        self._snapshots = snapshots
        self._calls = 0
        self._callbacks: dict[int, DoneCallback | weakref.ref[DoneCallback]] = {}
        self._contexts: dict[int, Any] = {}
        self._hooks = {(hook.kind, hook.nth): index for index, hook in enumerate(program.hooks)}
        self._hook_counts: dict[str, int] = {}
        self._tasks: list[tuple[Any, Any]] = []
        self._stopping = False
        self._dropped: list[weakref.ref[Any]] = []
        if self.loop_carrier is not None:
            self.spawn("loop", self._run_loop, LOOP)
        for number, actor in enumerate(program.actors):
            if actor.kind == "thread":
                self.spawn(f"thread {number}", self._thread_body(number, actor.operations), number)
        if not control.names:
            raise HarnessError(f"a program for contract {target.contract} needs a thread actor")

    # ---- set-up and end ---------------------------------------------------------------------------------------------

    def spawn(self, name: str, body: Callable[[], None], actor: int) -> int:
        """Add an actor of the control that acts for an actor of the program, or for the loop; its index."""
        self._sites.append("loop" if actor == LOOP else f"{actor}.")
        self._acting.append(actor)
        return self.control.spawn(name, body)

    def set_up(self) -> None:
        """Make the loop, the futures and the tasks. Nothing here is explored."""
        target = self.target
        if self.loop_carrier is not None:
            make = target.new_loop or RunLoop
            self.loop = loop = make(self.control, self.loop_carrier, self._noticed)
            loop.set_debug(self.program.debug)
            loop.set_exception_handler(self._handled)
        if target.new_group is not None:
            self._set_up_group(target.new_group)
        else:
            for index in range(self.program.futures):
                made = self._new_future()
                self._add(made if isinstance(made, Sides) else Sides(made, made), index)
        if self.loop is not None:
            factory = target.task_class or asyncio.Task
            for number, actor in enumerate(self.program.actors):
                if actor.kind == "task":
                    body = self._task_body(number, actor.operations)
                    self._tasks.append((factory(body, loop=self.loop), body))
            self.loop.world = self
        self.running = True

    def _add(self, sides: Sides, index: int) -> None:
        self.sides.append(sides)
        self._ids[id(sides.resolver)] = index
        self._ids[id(sides.observer)] = index

    def _new_future(self) -> Any:
        target, loop = self.target, self.loop
        if loop is None:
            return target.new_future()
        if self.program.foreign and target.new_over is not None:
            return target.new_over(loop, self.foreign)
        return target.new_future(loop)

    def _set_up_group(self, new_group: Callable[..., Sequence[Sides]]) -> None:
        count = self.program.futures
        for index, sides in enumerate(new_group(count) if self.loop is None else new_group(self.loop, count)):
            if isinstance(sides, Compound):
                self._compound = sides
                object.__setattr__(sides, "note", partial(self._noted, index))
                self.sides.append(sides)
            else:
                self._add(sides, index)

    def _noted(self, index: int, stage: str, made: Any = None) -> None:
        """A compound is made, or goes on to the next stage of its work."""
        if made is not None:
            self._ids[id(made)] = index
        if self.running:
            self._log("stage", LOOP, f"f{index}", stage)

    def finish(self) -> None:
        """Look at the futures as the run left them, then take everything apart."""
        self.running = False
        try:
            self._note_states()
            for task, body in self._tasks:
                if not task.done():
                    task._log_destroy_pending = False
                body.close()
            if self.target.new_group is not None and self.loop is not None:
                wind_up(self.loop, self._parts(), [task for task, _ in self._tasks])
            there = [
                sides
                for sides in (*self.sides, *self._replaced)
                if sides is not None and (sides is not self._compound or self._compound.made is not None)
            ]
            for sides in there:
                if hasattr(sides.observer, "_log_destroy_pending"):
                    sides.observer._log_destroy_pending = False
            if self._hooks and self.loop is not None and self.target.contract == "asyncio":
                self.history += act_when_closed(self)
            if self.target.dispose is not None:
                for sides in there:
                    # One that was initialised twice or never may have nothing that could be closed.
                    with suppress(Exception) if self.coroutines or self._replaced else nullcontext():
                        self.target.dispose(sides)
            for coroutine in self.coroutines:
                coroutine.close()
        finally:
            if self.loop is not None:
                self.loop.close()
                self.loop.world = None
                self.loop.set_exception_handler(_ignore)
                self.loop = None
            # Cut the circles, so that what a run leaves dies now and not in the middle of another one. What remains are
            # asyncio's own: a task that never ended and what it waits for. They shall not keep the history.
            self.history = []
            self.sides.clear()
            if self._compound is not None:
                object.__setattr__(self._compound, "note", None)
                self._compound = None
            self._replaced.clear()
            self.iterators.clear()
            self.coroutines.clear()
            self._tasks.clear()
            self._callbacks.clear()
            self._contexts.clear()

    def _parts(self) -> list[object]:
        """What there is of a group, the compound first; what the program has dropped and still lives, too."""
        parts = [kept() for kept in self._dropped]
        for sides in reversed(self.sides):
            if sides is self._compound and self._compound is not None:
                parts.append(self._compound.made)
            elif sides is not None:
                parts += [sides.observer, sides.resolver]
        return parts

    def _note_states(self) -> None:
        for index, sides in enumerate(self.sides):
            if sides is not None and (sides is not self._compound or self._compound.made is not None):
                for name in ("resolver", "observer") if sides.resolver is not sides.observer else ("observer",):
                    outcome = self._final(getattr(sides, name))
                    self.history.append(Event("state", LOOP, -1, f"f{index}", FinalState(index, name, outcome)))

    def _final(self, future: Any) -> Outcome | None:
        try:
            if not future.done():
                return None
            value = future.result(timeout=0) if self.blocks(future) else future.result()
        except Abort:
            return None  # a task that was unwound: it had not ended
        except BaseException as error:
            return self.raised(error)
        return Outcome("returned", label_of(value))

    # ---- what control asks ------------------------------------------------------------------------------------------

    def site(self, carrier: int) -> str:
        """Where the actor stands in the program."""
        return self._sites[carrier]

    def idle(self) -> bool:
        """Nobody can go on: wake a loop that sleeps beside ready callbacks, stop one with nothing to do, or give up."""
        loop = self.loop
        if loop is not None and loop.asleep and loop.ready_count():
            self.history.append(Event("stall", LOOP, self.control.current, "loop", loop.ready_count()))
            loop.wake()
            return True
        if not self._stopping:
            self._stopping = True
            self._note_waiting()
            if loop is not None and loop.asleep:
                loop.stop()
                loop.wake()
                return True
        return False

    def _note_waiting(self) -> None:
        if not self._open:
            return
        open_calls: dict[tuple[int, str], Event] = {}
        for event in self.history:
            if event.kind == "call":
                open_calls[event.actor, event.site] = event
            elif event.kind == "return":
                open_calls.pop((event.actor, event.site), None)
        for event in open_calls.values():
            self.history.append(Event("waiting", event.actor, event.carrier, event.site, event.what))

    # ---- actors -----------------------------------------------------------------------------------------------------

    def _run_loop(self) -> None:
        assert self.loop is not None
        try:
            self.loop.run_forever()
        except STOPPERS:
            raise
        except BaseException as error:  # asyncio lets SystemExit and KeyboardInterrupt of callbacks out
            self._log("uncaught", LOOP, self._sites[0], None, Outcome("raised", label_of(error)))

    def _thread_body(self, number: int, operations: tuple[Operation, ...]) -> Callable[[], None]:
        def body() -> None:
            carrier = self.control.current
            for position, operation in enumerate(operations):
                site = f"{number}.{position}"
                self._sites[carrier] = site
                self.operate(operation, site, number)

        return body

    async def _task_body(self, number: int, operations: tuple[Operation, ...]) -> None:
        for position, operation in enumerate(operations):
            site = f"{number}.{position}"
            if operation.name == "yield":
                self._log("call", number, site, operation)
                await asyncio.sleep(0)
                self._log("return", number, site, operation, _NONE)
            elif operation.name == "await":
                await self._await(operation, site, number)
            else:
                self.operate(operation, site, number)

    async def _await(self, operation: Operation, site: str, number: int) -> None:
        self.control.point(_OPERATING[operation.future][0])
        sides = self.sides[operation.future]
        self._log("call", number, site, operation)
        if sides is None:
            self._log("return", number, site, operation, _SKIPPED)
            return
        future = getattr(sides, self.target.loop_side)
        del sides
        try:
            outcome = Outcome("returned", label_of(await self.foreign(future)))
        except STOPPERS:
            raise
        except BaseException as error:
            outcome = self._came_out(error, "raised", operation, site, number)
        self._log("return", number, site, operation, outcome)

    # ---- operations -------------------------------------------------------------------------------------------------

    def operate(self, operation: Operation, site: str, actor: int) -> None:
        """Perform an operation as an actor, a callback or a hook does: any exception is its outcome."""
        control = self.control
        name = operation.name
        control.point(_OPERATING[operation.future][name in _WRITES])
        if operation.via != "direct":
            self._post(operation, site, actor)
            return
        self._log("call", actor, site, operation)
        carrier = control.current
        sites, actings = self._sites, self._acting
        before, acting = sites[carrier], actings[carrier]
        sites[carrier], actings[carrier] = site, actor
        try:
            outcome = self._perform(operation, site)
        except STOPPERS:
            raise
        except BaseException as error:
            outcome = self._came_out(error, "raised", operation, site, actor)
        finally:
            sites[carrier], actings[carrier] = before, acting
        self._log("return", actor, site, operation, outcome)
        if self._snapshots and name in _WRITES:
            self._snapshot()

    def _perform(self, operation: Operation, site: str) -> Outcome:
        sides = self.sides[operation.future]
        if sides is None:
            return _SKIPPED
        if operation.name in self.target.resolver_operations:
            future = sides.resolver
        elif self.control.current == self.loop_carrier:
            future = getattr(sides, self.target.loop_side)
        else:
            future = getattr(sides, self.target.thread_side)
        del sides
        if operation.starved is None:
            value = PERFORM[operation.name](self, future, operation, site)
        else:
            value = perform_starved(self, future, operation, site)
        if value is None:
            return _NONE
        if isinstance(value, BaseException):
            return self._came_out(value, "returned", operation, site, self._acting[self.control.current])
        return Outcome("returned", label_of(value))

    def _post(self, operation: Operation, site: str, actor: int) -> None:
        self._log("call", actor, site, operation)
        try:
            assert self.loop is not None
            self.loop.call_soon_threadsafe(Posted(self, operation, site, actor))
            outcome = _NONE
        except STOPPERS:
            raise
        except BaseException as error:
            outcome = Outcome("raised", label_of(error))
        self._log("return", actor, site, operation, outcome)

    def perform_posted(self, posted: Posted) -> None:
        """The loop has come to a posted operation; its exception, if any, is the loop's to handle."""
        operation, site = posted.operation, posted.site + "!"
        carrier = self.control.current
        self._sites[carrier] = site
        self.control.point(_OPERATING[operation.future][1])
        self._log("call", LOOP, site, operation)
        try:
            if operation.via == "post-if-pending" and self._is_done(operation):
                self._log("return", LOOP, site, operation, _SKIPPED)
                return
            outcome = self._perform(operation, posted.site)
        except STOPPERS:
            raise
        except BaseException as error:
            self._log("return", LOOP, site, operation, Outcome("raised", label_of(error)))
            raise
        finally:
            self._sites[carrier] = "loop"
        self._log("return", LOOP, site, operation, outcome)
        if self._snapshots:
            self._snapshot()

    def _is_done(self, operation: Operation) -> bool:
        sides = self.sides[operation.future]
        if sides is None:
            return True
        side = (
            sides.resolver
            if operation.name in self.target.resolver_operations
            else getattr(sides, self.target.loop_side)
        )
        return bool(side.done())

    # ---- call-outs --------------------------------------------------------------------------------------------------

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
        outcome = Outcome("raised", f"x:c{index}") if callback.spec.raises else _NONE
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
            hooked = any(kind == "context" for kind, _ in self._hooks)
            context = self._contexts[number] = ProxyContext(self, made) if hooked else made
        return context

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

    def blocks(self, future: Any) -> bool:
        """Whether this side's `result` takes a timeout and waits (concurrent), or answers at once (asyncio)."""
        contract = self.target.contract
        if contract == "bridge":
            return any(sides is not None and getattr(sides, self.target.thread_side) is future for sides in self.sides)
        return contract in LOOPLESS
