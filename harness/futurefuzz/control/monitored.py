"""Points by `sys.monitoring` (PEP 669), on CPython 3.12 and later.

Local events: code that is not instrumented runs as ever. A callback returns DISABLE at offsets that are no points, so
they cost nothing after the first time. Until a code object is entered it has no events but those of entering, for of a
thousand that get points a few dozen are ever run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

from futurefuzz.errors import HarnessError

if TYPE_CHECKING:
    from futurefuzz.control.instrumentation import Instrumentation, Table

__all__ = ["Monitored"]

_OWN: Final = os.path.dirname(os.path.dirname(__file__)) + os.sep

#: tried in this order: those without a name in PEP 669 first
_TOOLS: Final = (4, 3, 5, 2, 0, 1)


class Monitored:
    """Tells an instrumentation of the places of its code objects.

    Raises:
        HarnessError: no tool id is free.
    """

    def __init__(self, instrumentation: Instrumentation) -> None:
        self._monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
        self._instrumentation = instrumentation
        self._codes: dict[int, CodeType] = {}
        self._entered: dict[int, CodeType] = {}
        self._tool = self._claimed()
        self._companion: int | None = None
        events = self._monitoring.events
        self._entering = events.PY_START | events.PY_RESUME
        self._events = self._entering | events.JUMP | events.CALL
        self._callbacks = {
            events.PY_START: self._starting(),
            events.PY_RESUME: self._starting(),
            events.JUMP: self._jump(),
            events.CALL: self._call(),
            events.C_RETURN: self._returned(),
        }
        if instrumentation.model == "free-threaded":
            self._events |= events.INSTRUCTION
            self._callbacks[events.INSTRUCTION] = self._instruction()
            # CPython 3.12.1 to 3.15.2: a code object none of whose events has two tools forgets its INSTRUCTION events
            # when one gets a second tool, as when a debugger begins to trace. So one has two from the beginning.
            with suppress(HarnessError):
                self._companion = self._claimed()
                self._events |= events.STOP_ITERATION
        for event, callback in self._callbacks.items():
            self._monitoring.register_callback(self._tool, event, callback)

    def _claimed(self) -> int:
        for tool in _TOOLS:
            if self._monitoring.get_tool(tool) is None:
                self._monitoring.use_tool_id(tool, "futurefuzz")
                return tool
        raise HarnessError("no tool id of sys.monitoring is free; a debugger, a profiler and others hold all of them")

    def add(self, codes: Iterable[CodeType]) -> None:
        """Tell of these from now on; of known ones anew at every offset."""
        again = False
        for code in codes:
            if id(code) in self._codes:
                again = True
            else:
                self._codes[id(code)] = code
                self._monitoring.set_local_events(self._tool, code, self._entering)
        if again:
            self._monitoring.restart_events()

    def _enter(self, code: CodeType) -> Table | None:
        """A code object is entered for the first time, or for the first time since others have got their points."""
        table = self._instrumentation.table(code)
        if table is not None and id(code) not in self._entered:
            self._entered[id(code)] = code
            if self._companion is not None:
                self._monitoring.set_local_events(self._companion, code, self._monitoring.events.STOP_ITERATION)
            self._monitoring.set_local_events(self._tool, code, self._events)
        return table

    def start_thread(self) -> None:
        """Nothing: events belong to code, not to threads."""

    def end_thread(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Give the code objects and the tool id back."""
        for code in self._codes.values():
            self._monitoring.set_local_events(self._tool, code, 0)
        if self._companion is not None:
            for code in self._entered.values():
                self._monitoring.set_local_events(self._companion, code, 0)
        for event in self._callbacks:
            self._monitoring.register_callback(self._tool, event, None)
        self._monitoring.free_tool_id(self._tool)
        if self._companion is not None:
            self._monitoring.free_tool_id(self._companion)
        self._codes.clear()
        self._entered.clear()

    # Closures, not methods: what they use is found without a look into the instance.

    def _starting(self) -> Any:
        instrumentation = self._instrumentation
        tables, enter, announce = instrumentation.tables, self._enter, instrumentation.announce
        disable = self._monitoring.DISABLE

        def starting(code: CodeType, offset: int) -> object:
            table = tables.get(id(code)) or enter(code)
            event = None if table is None else table.entries.get(offset)
            if event is None:
                return disable
            announce(event)
            return None

        return starting

    def _jump(self) -> Any:
        instrumentation = self._instrumentation
        tables, table_of, announce = instrumentation.tables, instrumentation.table, instrumentation.announce
        disable = self._monitoring.DISABLE

        def jump(code: CodeType, offset: int, destination: int) -> object:
            table = tables.get(id(code)) or table_of(code)
            event = None if table is None else table.loops.get(offset)
            if event is None:
                return disable
            announce(event)
            return None

        return jump

    def _call(self) -> Any:
        instrumentation = self._instrumentation
        tables, table_of, announce = instrumentation.tables, instrumentation.table, instrumentation.announce
        before_c_call = instrumentation.before_c_call
        disable = self._monitoring.DISABLE
        before_calls = instrumentation.model == "free-threaded"

        def call(code: CodeType, offset: int, called: Any, subject: object) -> object:
            table = tables.get(id(code)) or table_of(code)
            events = None if table is None else table.calls.get(offset)
            if events is None:
                return disable
            kind = type(called)
            if kind is MethodType:
                called = called.__func__
                kind = type(called)
            if kind is FunctionType:
                inner = called.__code__
                if id(inner) not in tables and not inner.co_filename.startswith(_OWN):
                    announce(events[0])
            elif before_calls and kind is not staticmethod:  # that is ours, see `substitution`
                before_c_call(events[0], called, subject)
            return None

        return call

    def _returned(self) -> Any:
        instrumentation = self._instrumentation
        tables, table_of, announce = instrumentation.tables, instrumentation.table, instrumentation.announce

        def returned(code: CodeType, offset: int, called: Any, subject: object) -> None:
            table = tables.get(id(code)) or table_of(code)
            events = None if table is None else table.calls.get(offset)
            # A bound method of a Python function is reported too, but from it the interpreter returns without looking;
            # so is what stands in the place of a function in C, which announces what it does itself.
            kind = type(called)
            if (
                events is not None
                and kind is not staticmethod
                and not (kind is MethodType and type(called.__func__) is FunctionType)
            ):
                announce(events[1])

        return returned

    def _instruction(self) -> Any:
        instrumentation = self._instrumentation
        tables, table_of, access = instrumentation.tables, instrumentation.table, instrumentation.access
        disable = self._monitoring.DISABLE
        frame_of = sys._getframe

        def instruction(code: CodeType, offset: int) -> object:
            table = tables.get(id(code)) or table_of(code)
            if table is None or offset not in table.accesses:
                return disable
            access(table, offset, frame_of(1))
            return None

        return instruction
