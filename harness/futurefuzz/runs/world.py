"""The surroundings of one run: its futures, loop, actors and hooks, and the history that they leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any, Final

from futurefuzz.control import Abort, Control
from futurefuzz.errors import HarnessError
from futurefuzz.programs.operations import HOOK_KINDS
from futurefuzz.programs.program import Program
from futurefuzz.runs.aftermath import act_when_closed
from futurefuzz.runs.callouts import Linked
from futurefuzz.runs.handing import Handing
from futurefuzz.runs.history import LOOP, Event, FinalState, Outcome
from futurefuzz.runs.labels import label_of
from futurefuzz.runs.posting import AskedLoop, RunLoop
from futurefuzz.runs.winding_up import wind_up
from futurefuzz.targets.base import Compound, Sides, Target

__all__ = ["QUIET", "World"]

#: points inside C code: an unwinding run passes them, or the target's error paths would be part of every unwinding
QUIET: Final = frozenset(HOOK_KINDS) - {"context"} | {"weakref", "wake"}


def _ignore(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the collector finds of a pending task after its run is no event any more."""


class World(Handing):
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
        super().__init__(program, target, control, history, snapshots=snapshots)
        self.coroutines: list[Any] = []  # to be closed at the end
        self._tasks: list[tuple[Any, Any]] = []
        self._stopping = False
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
            make = target.new_loop or (AskedLoop if self._hooks and self.hooked("loop-attribute") else RunLoop)
            self.loop = loop = make(self.control, self.loop_carrier, self._noticed)
            loop.set_debug(self.program.debug)
            loop.set_exception_handler(self._handled)
        if target.new_group is not None:
            self._set_up_group(target.new_group)
        else:
            links = {link.of: Linked() for link in self.program.links}
            for index in range(self.program.futures):
                made = self._new_future(links.get(index))
                self._add(made if isinstance(made, Sides) else Sides(made, made), index)
            for link in self.program.links:
                other = self.sides[link.to]
                assert other is not None
                links[link.of].other = other.observer
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

    def _new_future(self, link: Linked | None) -> Any:
        target, loop = self.target, self.loop
        if loop is None:
            return target.new_future()
        if link is not None and target.new_over is not None:
            return target.new_over(loop, lambda gate: link)
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
