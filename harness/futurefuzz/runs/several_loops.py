"""The surroundings of a run with several event loops, each of which runs in a thread of its own.

Each loop is asyncio's own `run_forever` on a carrier of the control, so that every step of every loop is chosen. A
future belongs to one loop, its home. Whoever is elsewhere reaches it as the documentation says: by
`call_soon_threadsafe`, or by a coroutine that is submitted to its home (`run_coroutine_threadsafe`), whose concurrent
future a task wraps into one of its own loop (`wrap_future`) and a thread waits for.

The site of what such a coroutine does, like that of a posted operation, is that of who asked for it and a `!`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from futurefuzz.control import Control
from futurefuzz.explorers.base import Pending
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.acting import NOTHING
from futurefuzz.runs.history import LOOP, Event, Outcome
from futurefuzz.runs.labels import label_of
from futurefuzz.runs.notes import STOPPERS
from futurefuzz.runs.performing import TIMEOUT
from futurefuzz.runs.posting import Posted, RunLoop
from futurefuzz.runs.world import World
from futurefuzz.targets.base import Sides, Target

__all__ = ["SeveralLoops"]

_ERRAND: Final = Pending("errand", "loops", True)


class _NumberedLoop(RunLoop):
    """One of several loops; its points say which."""

    def __init__(self, world: SeveralLoops, number: int) -> None:
        super().__init__(world.control, world.carriers[number], world._noticed)
        self.number = number
        name = f"loop {number}"
        self._posting = Pending("call_soon", name, True)
        self._waking = Pending("wake", name, True)

    def _spawn(self, name: str, body: Callable[[], None]) -> int:
        world = self.world
        assert isinstance(world, SeveralLoops)
        number, world.timed = world.timed, world.timed + 1
        return world.spawn(f"timer {number}", body, LOOP)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        if self.world is None or not self.world.running:
            self.timers.pop(handle, None)  # the run is over, and its actors with it
        super()._timer_handle_cancelled(handle)


class SeveralLoops(World):
    """One run's futures, actors and loops; arguments as for `World`.

    Attributes:
        carriers: of each loop.
        loops: in the order of their numbers.
        timed: how many timers there have been.
    """

    def __init__(
        self, program: Program, target: Target, control: Control, history: list[Event], *, snapshots: bool
    ) -> None:
        super().__init__(program, target, control, history, snapshots=snapshots)
        self.timed = 0
        self.loops: list[_NumberedLoop] = []
        self._closing: set[int] = set()
        assert self.loop_carrier is not None
        self.carriers = [self.loop_carrier]
        for number in range(1, program.loops):
            self.carriers.append(self.spawn(f"loop {number}", partial(self._run_number, number), LOOP))

    # ---- set-up and end ---------------------------------------------------------------------------------------------

    def set_up(self) -> None:
        """Make the loops, the futures and the tasks. Nothing here is explored."""
        target, program = self.target, self.program
        for number in range(program.loops):
            loop = _NumberedLoop(self, number)
            loop.set_debug(program.debug)
            loop.set_exception_handler(self._handled)
            self.loops.append(loop)
        self.loop = self.loops[0]
        for index in range(program.futures):
            made = target.new_future(self.loops[program.home(index)])
            self._add(made if isinstance(made, Sides) else Sides(made, made), index)
        factory = target.task_class or asyncio.Task
        for number, actor in enumerate(program.actors):
            if actor.kind == "task":
                body = self._task_body(number, actor.operations)
                self._tasks.append((factory(body, loop=self.loops[actor.loop]), body))
        for loop in self.loops:
            loop.world = self
        self.running = True

    def finish(self) -> None:
        """Look at the futures as the run left them, then take everything apart."""
        loops = self.loops
        try:
            super().finish()
        finally:
            for loop in loops:
                loop.close()
                loop.world = None
                loop.set_exception_handler(_nothing)
            self.loops = []

    # ---- the loops --------------------------------------------------------------------------------------------------

    def _run_loop(self) -> None:
        self._run_number(0)

    def _run_number(self, number: int) -> None:
        loop, carrier = self.loops[number], self.carriers[number]
        try:
            loop.run_forever()
        except STOPPERS:
            raise
        except BaseException as error:  # asyncio lets SystemExit and KeyboardInterrupt of callbacks out
            self._log("uncaught", LOOP, self._sites[carrier], None, Outcome("raised", label_of(error)))
        if number in self._closing:
            loop.close()
            self._log("closed", LOOP, "", number)

    def idle(self) -> bool:
        """Nobody can go on: wake a loop that sleeps beside ready callbacks, stop those that are done, or give up."""
        for loop in self.loops:
            if loop.asleep and loop.ready_count():
                self.history.append(
                    Event("stall", LOOP, self.carriers[loop.number], f"loop {loop.number}", loop.ready_count())
                )
                loop.wake()
                return True
        if self._stopping:
            return False
        self._stopping = True
        self._note_waiting()
        asleep = [loop for loop in self.loops if loop.asleep]
        for loop in asleep:
            loop.stop()
            loop.wake()
        return bool(asleep)

    # ---- actors -----------------------------------------------------------------------------------------------------

    def _thread_body(self, number: int, operations: tuple[Operation, ...]) -> Callable[[], None]:
        def body() -> None:
            carrier = self.control.current
            for position, operation in enumerate(operations):
                site = f"{number}.{position}"
                self._sites[carrier] = site
                if operation.via == "submit":
                    self._submit_and_block(operation, site, number)
                else:
                    self.operate(operation, site, number)

        return body

    async def _task_body(self, number: int, operations: tuple[Operation, ...]) -> None:
        for position, operation in enumerate(operations):
            site = f"{number}.{position}"
            if operation.name == "yield":
                self._log("call", number, site, operation)
                await asyncio.sleep(0)
                self._log("return", number, site, operation, NOTHING)
            elif operation.via == "submit":
                await self._submit_and_await(operation, site, number)
            elif operation.name == "await":
                await self._await(operation, site, number)
            else:
                self.operate(operation, site, number)

    async def _await(self, operation: Operation, site: str, number: int) -> None:
        self._log("call", number, site, operation)
        try:
            future: Any = self.gate(operation.future)
            if operation.argument == "timeout":
                future = asyncio.wait_for(future, TIMEOUT)
            outcome = Outcome("returned", label_of(await future))
        except STOPPERS:
            raise
        except BaseException as error:
            outcome = self.raised(error)
        self._log("return", number, site, operation, outcome)

    # ---- from one loop to another -----------------------------------------------------------------------------------

    def _submit(self, operation: Operation, site: str) -> Any:
        """The concurrent future of a coroutine that performs an operation in the loop of its future."""
        crossing = self.target.crossing
        assert crossing is not None
        self.control.point(_ERRAND)
        errand = self._errand(operation, f"{site}!")
        self.coroutines.append(errand)
        return crossing.submit(errand, self.loops[self.program.home(operation.future)])

    async def _errand(self, operation: Operation, site: str) -> Any:
        """What is done in the future's loop."""
        self._log("call", LOOP, site, operation)
        try:
            if operation.name == "await":
                value = await self.gate(operation.future)
            else:
                value = self._perform_here(operation, site)
        except STOPPERS:
            raise
        except BaseException as error:
            self._log("return", LOOP, site, operation, Outcome("raised", label_of(error)))
            raise
        self._log("return", LOOP, site, operation, Outcome("returned", label_of(value)))
        return value

    def _perform_here(self, operation: Operation, site: str) -> Any:
        carrier = self.control.current
        before, self._sites[carrier] = self._sites[carrier], site
        try:
            outcome = self._perform(operation, site.removesuffix("!"))
        finally:
            self._sites[carrier] = before
        return {"None": None, "True": True, "False": False}[outcome.what]

    async def _submit_and_await(self, operation: Operation, site: str, number: int) -> None:
        crossing = self.target.crossing
        assert crossing is not None
        self._log("call", number, site, operation)
        try:
            own = self.loops[self.program.actors[number].loop]
            future: Any = crossing.wrap(self._submit(operation, site), loop=own)
            if operation.argument == "timeout":
                future = asyncio.wait_for(future, TIMEOUT)
            outcome = Outcome("returned", label_of(await future))
        except STOPPERS:
            raise
        except BaseException as error:
            outcome = self.raised(error)
        self._log("return", number, site, operation, outcome)

    def _submit_and_block(self, operation: Operation, site: str, number: int) -> None:
        self._log("call", number, site, operation)
        future = None
        try:
            future = self._submit(operation, site)
            value = future.result(timeout=TIMEOUT if operation.argument == "timeout" else None)
            outcome = Outcome("returned", label_of(value))
        except STOPPERS:
            raise
        except BaseException as error:
            outcome = self.raised(error)
            if operation.argument == "timeout" and future is not None and not future.done():
                future.cancel()  # as the example in the documentation of run_coroutine_threadsafe does
        self._log("return", number, site, operation, outcome)

    def _post(self, operation: Operation, site: str, actor: int) -> None:
        self._log("call", actor, site, operation)
        try:
            loop = self.loops[self.program.home(operation.future)]
            loop.call_soon_threadsafe(Posted(self, operation, site, actor))
            outcome = NOTHING
        except STOPPERS:
            raise
        except BaseException as error:
            outcome = Outcome("raised", label_of(error))
        self._log("return", actor, site, operation, outcome)

    def _perform(self, operation: Operation, site: str) -> Outcome:
        if operation.name == "close-loop":
            number = self.program.home(operation.future)
            self._closing.add(number)
            loop = self.loops[number]
            loop.call_soon_threadsafe(loop.stop)
            return NOTHING
        return super()._perform(operation, site)


def _nothing(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the collector finds of a pending task after its run is no event any more."""
