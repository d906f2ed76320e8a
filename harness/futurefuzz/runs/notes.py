"""How a run tells what happens: the events that go into its history, whoever brings them."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from futurefuzz.control import Abort, Control
from futurefuzz.errors import HarnessError
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import LOOP, Event, Outcome
from futurefuzz.runs.labels import label_of
from futurefuzz.runs.planned import has_origin, renewed, set_traceback
from futurefuzz.runs.posting import Posted
from futurefuzz.targets.base import Compound, Sides

__all__ = ["STOPPERS", "Notes"]

#: what ends an actor from outside, and is no outcome of anything
STOPPERS: Final = (Abort, HarnessError, GeneratorExit)

_ASKING: Final = frozenset({"result", "exception", "await"})
_new: Final = tuple.__new__


class Notes:
    """The part of a run's surroundings that takes notes.

    Args:
        control: of the run.
        history: where events go.
    """

    def __init__(self, control: Control, history: list[Event]) -> None:
        self.control = control
        self.history = history
        self.running = False
        self.sides: list[Sides | None] = []
        self._sites: list[str] = []  # of each carrier, where it stands in the program
        self._acting: list[int] = []  # of each carrier, the actor that it acts for
        self._visits: dict[str, int] = {}
        self._compound: Compound | None = None  # of a group
        self._open = 0  # operations that have not returned

    def raised(self, error: BaseException) -> Outcome:
        """The outcome of a call that raised. What was raised may live on in a future, and its traceback holds the
        frames that hold the future: that circle would keep the whole run until the collector comes."""
        label = label_of(error)
        if label[:2] == "e:" and has_origin(error):
            renewed(error)
        else:
            set_traceback(error, None)
        return Outcome("raised", label)

    def _came_out(self, error: BaseException, how: str, operation: Operation, site: str, actor: int) -> Outcome:
        """The outcome of a call that gave an exception; an event when the traceback with which it went in is lost."""
        outcome = self.raised(error)
        if how == "returned":
            outcome = Outcome(how, outcome.what)
        if outcome.what[:2] == "e:" and operation.name in _ASKING and not has_origin(error):
            self._log("untraced", actor, site, operation, outcome)
        return outcome

    def _visit(self, site: str) -> str:
        count = self._visits[site] = self._visits.get(site, 0) + 1
        return site if count == 1 else f"{site}#{count}"

    def _log(self, kind: str, actor: int, site: str, what: object, outcome: Outcome | None = None) -> None:
        control = self.control
        if control.aborting:
            return  # what actors do while they are unwound did not happen
        try:
            # as Event(...) would, at a third of the price: this is the hottest line of a run
            self.history.append(_new(Event, (kind, actor, control.current, site, what, outcome)))
        except Exception as error:
            control.fail(f"an event could not be noted: {error!r}", error)
            raise Abort from error
        if kind == "call":
            self._open += 1
        elif kind == "return":
            self._open -= 1

    def _snapshot(self) -> None:
        # Read without a call: asking done() could take a lock, and a recorded run must take the same steps as any
        # other.
        states = []
        for index, sides in enumerate(self.sides):
            if sides is not None and sides is not self._compound:
                observer, resolver = _state(sides.observer), _state(sides.resolver)
                text = f"{resolver}>{observer}" if sides.resolver is not sides.observer else f"{observer}"
                states.append(f"f{index} {text}")
        if self._compound is not None and self._compound.made is not None and self._compound in self.sides:
            states.append(f"f{len(self.sides) - 1} {_state(self._compound.made)}")
        self._log("snapshot", LOOP, "", ", ".join(states))

    def _noticed(self, handle: asyncio.Handle) -> None:
        posted = handle._callback  # type: ignore[attr-defined]
        if type(posted) is Posted:
            self._log("posted", posted.actor, posted.site, posted.operation)

    def _handled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.handled(context)

    def handled(self, context: dict[str, Any]) -> None:
        """A loop's exception handler was called."""
        if not self.running or self.control.aborting:  # what unwinding leaves behind is our doing
            return
        message = str(context.get("message", ""))
        if message.startswith("Exception in callback"):
            message = "Exception in callback"
        error = context.get("exception")
        self._log(
            "handler",
            LOOP,
            self._sites[self.control.current],
            message,
            self.raised(error) if error is not None else None,
        )

    def logged(self, record: logging.LogRecord) -> None:
        """A library logged something."""
        if not self.running or self.control.aborting:
            return
        error = record.exc_info[1] if record.exc_info else None
        outcome = self.raised(error) if error is not None else None
        carrier = self.control.current
        self._log("log", self._acting[carrier], self._sites[carrier], f"{record.name}: {record.msg}", outcome)

    def unraisable(self, hook_arguments: Any) -> None:
        """An exception could not be raised."""
        error = hook_arguments.exc_value
        if not self.running or self.control.aborting or isinstance(error, STOPPERS):
            return
        where = getattr(hook_arguments.object, "__qualname__", type(hook_arguments.object).__name__)
        self._log(
            "unraisable",
            self._acting[self.control.current],
            self._sites[self.control.current],
            where,
            Outcome("raised", label_of(error)),
        )


def _state(future: Any) -> object:
    """The state that a future keeps, None where it keeps none or was never initialised."""
    try:
        return getattr(future, "_state", None)
    except RuntimeError:
        return None
