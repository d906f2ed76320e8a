"""Points inside code: where this interpreter can switch threads, or where one without a GIL could.

Two preemption models. `gil` has a point where CPython looks whether another thread wants the GIL, inside instrumented
Python code: a function's entry, a backward jump, the return from a C call, and a call of a Python function that is not
instrumented itself (its entry). `free-threaded` adds one before every read or write that others may see: attributes,
items, rebound names of modules and closures, and C calls on objects. `tests/control/test_switch_model.py` measures
where real threads switch and compares.

Code objects are found alive and instrumented one by one, with no import hook: by `sys.monitoring` local events on 3.12
and later, by a trace function on each actor's thread on 3.11. Rejected: rewriting bytecode or source (it must get in
before the import, and code under test can see it), and line events (a switch inside a line, as in `x.n += 1`, is the
one that matters).

Calls of `len`, `isinstance`, `type` and `list.append` count as C calls. Code that has run often has instructions of its
own for them, at which no switch is ever seen; but in code that is still cold they are calls like any other, and a
switch was seen at each of them on 3.11.7, 3.12.1, 3.13.0, 3.13.18, 3.14.10 and 3.15.2, in about one of 100,000 first
calls with a switch interval of 1 µs. The `gil` model leaves out one place at which the interpreter can switch: the
entries of functions that C code calls and that are not instrumented.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import Callable, Iterable
from types import CodeType, FrameType, ModuleType, TracebackType
from typing import Final, Protocol

from futurefuzz.control import bytecode, going_on
from futurefuzz.control.code_points import CodePoint, Labels, look_up
from futurefuzz.control.going_on import current_control
from futurefuzz.control.live_code import Selection, file_label, file_labels
from futurefuzz.control.scheduler import Control
from futurefuzz.errors import InputError
from futurefuzz.explorers.dependence import ANYTHING

__all__ = ["MODELS", "Instrumentation", "Table"]

#: models with points inside code, the weakest first
MODELS: Final = ("gil", "free-threaded")

#: points that a run being unwound passes in peace before one aborts again: a `finally` must be able to do its work,
#: and a loop that swallows everything must not go round for ever
_PASSED_IN_PEACE: Final = 200

#: objects kept for each place, for the events of the runs that follow
_EVENTS_KEPT: Final = 200


#: C types whose methods are calls on shared items
_CONTAINERS: Final = frozenset({"list", "dict", "set", "deque", "bytearray", "OrderedDict", "defaultdict"})

#: what `sys.monitoring` hands over where a call has no argument
_NOTHING: Final[type] = type(
    sys.monitoring.MISSING if sys.version_info >= (3, 12) else None  # type: ignore[attr-defined, unused-ignore]
)

#: what C functions only look at: a call with one of these, or with nothing, touches no object that others share
_HARMLESS: Final[frozenset[type]] = frozenset(
    {str, int, float, bool, bytes, tuple, frozenset, complex, range, type(None), _NOTHING}
)


class Engine(Protocol):
    """How an interpreter tells of the instructions that it executes."""

    def add(self, codes: Iterable[CodeType]) -> None:
        """Tell of these from now on."""

    def start_thread(self) -> None:
        """The calling thread begins to carry an actor."""

    def end_thread(self) -> None:
        """It has carried it to its end."""

    def stop(self) -> None:
        """Tell of nothing any more."""


class Table:
    """The points of one code object, by offset."""

    __slots__ = ("accesses", "calls", "constant", "entries", "events", "following", "loops", "owners")

    def __init__(self) -> None:
        self.entries: dict[int, CodePoint] = {}
        self.loops: dict[int, CodePoint] = {}
        self.calls: dict[int, tuple[CodePoint, CodePoint]] = {}  # before, after
        self.following: dict[int, int] = {}  # where a call returns to
        self.accesses: dict[int, tuple[bytecode.Access, CodePoint]] = {}
        self.owners: dict[int, bytecode.Expression] = {}  # of called methods
        self.constant: frozenset[int] = frozenset()  # accesses whose resource is known without looking
        self.events: dict[tuple[int, object], CodePoint] = {}


class Instrumentation:
    """Puts points inside code while it is installed. Without a run, and outside of it, they do nothing.

    Args:
        modules: module objects; names of modules, a package meaning all of it; paths of files or folders.
        model: `gil` or `free-threaded`.

    Raises:
        InputError: nothing can be instrumented there, or there is no such model.

    Attributes:
        model: as given.
        tables: the points of each code object, by its id; None until it first runs.
    """

    def __init__(self, modules: Iterable[str | ModuleType], *, model: str = "gil") -> None:
        if model not in MODELS:
            raise InputError(f"unknown model {model!r} of points inside code; allowed: {', '.join(MODELS)}")
        self.model = model
        self._sees_accesses = model == "free-threaded"
        self._selection = Selection(modules)
        self.tables: dict[int, Table | None] = {}
        self._codes: dict[int, CodeType] = {}  # the same, kept alive
        self._stored: set[tuple[str, str]] = set()
        self._files: dict[str, str] = {}
        self._engine: Engine | None = None
        self._installed = 0
        self._idents: set[int] | None = None  # of the control whose run the labels belong to
        self._labels = Labels(self._file_of, self._stored)
        self._passed = 0

    # ---- on and off -------------------------------------------------------------------------------------------------

    def install(self) -> None:
        """Begin; finds all code of the modules that is loaded now.

        Each `install` needs its `uninstall`; only the first and the last do anything. So points can be installed around
        many runs, and whatever does one run may install them again.

        Raises:
            HarnessError: no tool id of `sys.monitoring` is free.
        """
        if self._engine is None:
            self._engine = _engine(self)
            self.refresh()
        self._installed += 1

    def uninstall(self) -> None:
        """Take every point out again, with the last of several."""
        self._installed -= 1
        if self._installed > 0 or self._engine is None:
            return
        self._engine.stop()
        self._engine = None
        self._installed = 0
        self._codes.clear()
        self.tables.clear()
        self._stored.clear()

    def __enter__(self) -> Instrumentation:
        self.install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.uninstall()

    def refresh(self) -> None:
        """Find what was loaded since."""
        self._files = file_labels()
        self._add(self._selection.codes())

    def instrument_code(self, code: CodeType) -> None:
        """Put points into a code object and all those inside it, such as a script's before it is executed."""
        self._add(list(bytecode.nested([code])))

    def _add(self, codes: Iterable[CodeType]) -> None:
        new = [code for code in codes if id(code) not in self._codes]
        if not new:
            return
        before = len(self._stored)
        if self._sees_accesses:
            for code in new:
                self._stored |= bytecode.stored_names(code)
        if len(self._stored) > before:
            self.tables.update(dict.fromkeys(self.tables))  # what was a constant may be none any more: look again
        for code in new:
            self._codes[id(code)] = code
            self.tables[id(code)] = None
        if self._engine is not None:
            self._engine.add(self._codes.values() if len(self._stored) > before else new)

    def __contains__(self, code: CodeType) -> bool:
        """Whether a code object has points."""
        return id(code) in self.tables

    def __len__(self) -> int:
        """How many code objects have points."""
        return len(self._codes)

    @property
    def engine(self) -> Engine | None:
        """What tells of the instructions; None while it is not installed."""
        return self._engine

    # ---- threads ----------------------------------------------------------------------------------------------------

    def thread_started(self) -> None:
        """To be called on each actor's own thread before its body, inside the run. Only 3.11 needs it."""
        if self._engine is not None:
            self._engine.start_thread()

    def thread_ended(self) -> None:
        """The counterpart of `thread_started`, after the body."""
        if self._engine is not None:
            self._engine.end_thread()

    def carried(self, body: Callable[[], None]) -> Callable[[], None]:
        """An actor's body with `thread_started` before it and `thread_ended` after it."""

        def with_points() -> None:
            self.thread_started()
            try:
                body()
            finally:
                self.thread_ended()

        return with_points if sys.version_info < (3, 12) else body

    # ---- what the engines call --------------------------------------------------------------------------------------

    def table(self, code: CodeType) -> Table | None:
        """The points of a code object; None for one that is not instrumented."""
        table = self.tables.get(id(code))
        if table is None and id(code) in self.tables:
            table = self.tables[id(code)] = self._made(code)
        return table

    def announce(self, event: CodePoint) -> None:
        """The calling thread stands at a point; nothing when it belongs to no run."""
        control = going_on._going_on  # what current_control does, without the call: nothing else happens as often
        if control is None or get_ident() not in control.idents:
            return
        if control.aborting and self._in_peace(control):
            return
        control.point(event)

    def access(self, table: Table, offset: int, frame: FrameType) -> None:
        """The calling thread is about to touch something in this frame."""
        control = going_on._going_on
        if control is None or get_ident() not in control.idents:
            return
        access, event = table.accesses[offset]
        if offset not in table.constant:
            resource = self._labels_of(control).resource(access, frame, event.file)
            if resource is None:
                return
            events = table.events
            known = events.get((offset, resource))
            if known is None:
                if len(events) > _EVENTS_KEPT * len(table.accesses):
                    events.clear()
                known = events[offset, resource] = event.at(resource)
            event = known
        if control.aborting and self._in_peace(control):
            return
        control.point(event)

    def before_method(self, event: CodePoint, owner: bytecode.Expression, frame: FrameType) -> None:
        """The calling thread is about to call a method in this frame, if its owner is a container of C's.

        For 3.11, which does not tell what is called.
        """
        found = look_up(owner, frame)
        if type(found).__name__ in _CONTAINERS:
            self.before_c_call(event, None, found)

    def before_c_call(self, event: CodePoint, called: object, subject: object) -> None:
        """The calling thread is about to call a C function, whose first argument or owner is `subject`."""
        control = current_control()
        if control is None:
            return
        kind = type(subject)
        if kind.__name__ in _CONTAINERS:
            event = event.at(("item", self._labels_of(control).of(subject), "[]"))
        elif kind in _HARMLESS or issubclass(type(called), type):
            return
        if control.aborting and self._in_peace(control):
            return
        control.point(event)

    def _labels_of(self, control: Control) -> Labels:
        if self._idents is not control.idents:
            self._idents = control.idents
            self._labels = Labels(self._file_of, self._stored)
        return self._labels

    def _in_peace(self, control: Control) -> bool:
        """Whether an actor that is being unwound passes a point as if there were none."""
        me = control._me
        if me is None or not me.aborts:
            return False
        self._passed += 1
        return self._passed % _PASSED_IN_PEACE != 0

    # ---- tables -----------------------------------------------------------------------------------------------------

    def _file_of(self, file: str) -> str:
        return file_label(file, self._files)

    def _made(self, code: CodeType) -> Table:
        places = bytecode.analyse(code, self._stored)
        file = self._file_of(code.co_filename)

        def event(offset: int, what: str, resource: object, write: bool = True) -> CodePoint:
            return CodePoint(
                resource, write, file=file, function=code.co_qualname, line=places.lines[offset], what=what
            )

        # With a point of its own for everything shared, nothing is touched on the way from these to the next point.
        way = None if self._sees_accesses else ANYTHING
        table = Table()
        for offset, what in places.entries.items():
            table.entries[offset] = event(offset, what, way)
        for offset in places.loops:
            table.loops[offset] = event(offset, "loop", way)
        for offset, call in places.calls.items():
            name = f"{call.name}()"
            table.calls[offset] = (event(offset, f"call {name}", ANYTHING), event(offset, f"after {name}", way))
            table.following[offset] = call.following
            if call.owner is not None and self._sees_accesses:
                table.owners[offset] = call.owner
        if self._sees_accesses:
            for offset, access in places.accesses.items():
                what = f"{'write' if access.write else 'read'} {access.name}"
                constant = (access.kind, file, access.name) if access.kind in {"global", "variable"} else ANYTHING
                table.accesses[offset] = (access, event(offset, what, constant, access.write))
            table.constant = frozenset(
                offset for offset, access in places.accesses.items() if access.kind in {"global", "variable"}
            )
        return table


def _engine(instrumentation: Instrumentation) -> Engine:
    if sys.version_info >= (3, 12):
        from futurefuzz.control.monitored import Monitored

        return Monitored(instrumentation)
    else:  # so that a type checker sees one of the two
        from futurefuzz.control.traced import Traced

        return Traced(instrumentation)
