"""How the actors of a run act: threads, tasks, posted operations, and whoever acts inside a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from futurefuzz.control import Control
from futurefuzz.explorers.base import Pending
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.history import LOOP, Event, Outcome
from futurefuzz.runs.labels import label_of
from futurefuzz.runs.notes import STOPPERS, Notes
from futurefuzz.runs.performing import PERFORM, perform_starved
from futurefuzz.runs.posting import Posted, RunLoop
from futurefuzz.targets.base import LOOPLESS, Target

__all__ = ["NOTHING", "Acting"]

NOTHING: Final = Outcome("returned", "None")
_SKIPPED: Final = Outcome("returned", "skipped")
_WRITES: Final = frozenset(
    {"set_result", "set_exception", "cancel", "add_done_callback", "remove_done_callback", "set_running", "drop"}
)
_OPERATING: Final = tuple(
    (Pending("operation", f"f{index}", False), Pending("operation", f"f{index}", True)) for index in range(16)
)


class Acting(Notes):
    """The part of a run's surroundings in which operations are performed.

    Args:
        program: what is run.
        target: on what.
        control: of the run.
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
        self._snapshots = snapshots

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
                self._log("return", number, site, operation, NOTHING)
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
            return NOTHING
        if isinstance(value, BaseException):
            return self._came_out(value, "returned", operation, site, self._acting[self.control.current])
        return Outcome("returned", label_of(value))

    def _post(self, operation: Operation, site: str, actor: int) -> None:
        self._log("call", actor, site, operation)
        try:
            assert self.loop is not None
            self.loop.call_soon_threadsafe(Posted(self, operation, site, actor))
            outcome = NOTHING
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

    def foreign(self, future: Any) -> Any:
        """What is awaited in the place of a future."""
        raise NotImplementedError

    def blocks(self, future: Any) -> bool:
        """Whether this side's `result` takes a timeout and waits (concurrent), or answers at once (asyncio)."""
        contract = self.target.contract
        if contract == "bridge":
            return any(sides is not None and getattr(sides, self.target.thread_side) is future for sides in self.sides)
        return contract in LOOPLESS
