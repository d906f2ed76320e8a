"""No exception but what the contract allows: out of an operation, to the loop's handler, into the log, or nowhere."""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts import asyncio_clauses, bridge_clauses, concurrent_clauses, general_clauses
from futurefuzz.contracts.asyncio_future import REFUSED
from futurefuzz.contracts.labels import kind, title
from futurefuzz.contracts.misuse import OFF_THREAD
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.oracles.base import Situation, situation
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Event, FinalState, Outcome, Run

__all__ = ["Exceptions"]

_OPERATION: Final[dict[str, Clause]] = {
    "asyncio": asyncio_clauses.OPERATION,
    "bridge": bridge_clauses.OPERATION,
}
_NOWHERE: Final[dict[str, Clause]] = {
    "asyncio": asyncio_clauses.HANDLER,
    "concurrent": concurrent_clauses.LOGGED,
    "bridge": bridge_clauses.QUIET,
}
_ASKING: Final = frozenset({"result", "exception", "await", "await-elsewhere"})
_NOTHING: Final[frozenset[str]] = frozenset()

#: contract -> operation -> exceptions that it may raise by itself; asking also raises what was set
_ALLOWED: Final[dict[str, dict[str, frozenset[str]]]] = {
    "asyncio": {
        "set_result": frozenset({"InvalidStateError"}),
        "set_exception": frozenset({"InvalidStateError"}),
        "result": frozenset({"InvalidStateError", "CancelledError"}),
        "exception": frozenset({"InvalidStateError", "CancelledError"}),
        "await": frozenset({"CancelledError"}),
        "await-elsewhere": frozenset({"RuntimeError", "CancelledError"}),
    },
    "concurrent": {
        "set_result": frozenset({"InvalidStateError"}),
        "set_exception": frozenset({"InvalidStateError"}),
        "result": frozenset({"TimeoutError", "CancelledError"}),
        "exception": frozenset({"TimeoutError", "CancelledError"}),
        "set_running": frozenset({"RuntimeError"}),
    },
}
#: arguments of set_exception that are refused, or that some releases refuse
_REFUSED: Final = frozenset({"not-an-exception", "foreign-class", "StopIteration", "StopIteration-subclass"})
#: asyncio's debug mode says that a callback was slow (in the run's own time): no fault, and nobody's exception
#: Source: "Callbacks taking longer than 100 milliseconds are logged", https://docs.python.org/3/library/asyncio-dev.html
_SLOW: Final = "asyncio: Executing %s took %.3f seconds"
#: what never is part of any contract, whatever the program does
_INTERNAL: Final = frozenset({"SystemError"})
_REFUSED_ELSEWHERE: Final = Outcome("raised", "RuntimeError")
_INTERNAL_ERROR: Final = Outcome("raised", "SystemError")


class Exceptions:
    """The oracle."""

    name = "exceptions"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`."""
        facts = situation(run)
        if facts.loose or facts.closing:
            internal = self._internal(run)
            if facts.loose or internal:
                return internal
        if facts.lockstep:
            return []
        found: list[Violation] = []
        owed: list[tuple[str, Operation | None]] = []  # exceptions that must or may come to a handler or log
        starts = 0  # set_running_or_notify_cancel calls: each that will raise is logged first
        retrievable = False
        for at, event in enumerate(run.history):
            what = event.kind
            outcome = event.outcome
            if what == "call":
                assert isinstance(event.what, Operation)
                starts += event.what.name == "set_running"
                retrievable |= event.what.name == "set_exception"  # it may die inside the call, its exception with it
            elif what == "return":
                operation = event.what
                assert isinstance(operation, Operation)
                if outcome is None or outcome.how != "raised":
                    continue
                if event.site[-1] == "!":
                    owed.append((outcome.what, operation))
                violation = self._raised(run, facts, operation, event, outcome, at)
                if violation is not None:
                    return [*found, violation]
            elif what == "ran":
                if outcome is not None and outcome.how == "raised":
                    owed.append((outcome.what, None))
            elif what in ("handler", "log", "unraisable", "uncaught"):
                label = outcome.what if outcome is not None else ""
                known = next((one for one in owed if one[0] == label), None)
                if label == "Abort" or (what == "log" and event.what == _SLOW and run.program.debug):
                    continue
                if known is not None and what in ("handler", "log"):
                    owed.remove(known)
                    trap = self._trap(facts, known[1], label, at) if what == "handler" else None
                    if trap is not None and not any(one.clause is trap.clause for one in found):
                        found.append(trap)
                elif what == "log" and outcome is None and (facts.contract == "asyncio" or starts):
                    starts -= 1
                elif not self._explained(facts, event, label, retrievable):
                    where = {"handler": "the loop's handler", "log": "the log"}.get(what, what)
                    detail = f"{what}: {kind(outcome) if outcome is not None else event.what}"
                    cause = f"{label or event.what} reached {where}, which nothing in the contract explains"
                    return [*found, facts.violation(self.name, _NOWHERE[facts.contract], detail, cause, at)]
        if facts.contract == "concurrent" and facts.bounded and any(one.raises for one in run.program.callbacks):
            found += self._unlogged(run, facts)
        return found

    def _internal(self, run: Run) -> list[Violation]:
        """All that can be said where futures may be in any state: no SystemError anywhere."""
        for at, event in enumerate(run.history):
            if event.outcome is not None and event.outcome == _INTERNAL_ERROR:
                where = event.what.name if isinstance(event.what, Operation) else event.kind
                return [
                    Violation(
                        oracle=self.name,
                        clause=general_clauses.INTERNAL,
                        grade=general_clauses.INTERNAL.grade,
                        detail=f"{where}: SystemError",
                        cause=f"{where} gave a SystemError: the interpreter found an error in itself",
                        at=at,
                    )
                ]
        return []

    def _unlogged(self, run: Run, facts: Situation) -> list[Violation]:
        """The call that ran a failing callback returned, and nobody logged the failure."""
        open_calls: dict[int, list[list[str]]] = {}  # carrier -> for each open call, what it has to log
        for at, event in enumerate(run.history):
            calls = open_calls.setdefault(event.carrier, [])
            if event.kind == "call":
                calls.append([])
            elif event.kind == "ran" and calls and event.outcome is not None and event.outcome.how == "raised":
                calls[-1].append(event.outcome.what)
            elif event.kind == "log" and calls and event.outcome is not None and event.outcome.what in calls[-1]:
                calls[-1].remove(event.outcome.what)
            elif event.kind == "return" and calls and calls.pop():
                assert event.outcome is not None
                if event.outcome.how == "returned":  # what it raises instead is judged as its outcome
                    cause = f"{event.what.name} returned without a word about the exception of a callback that it ran"  # type: ignore[attr-defined]
                    detail = "callback's exception not logged"
                    return [facts.violation(self.name, concurrent_clauses.LOGGED, detail, cause, at)]
        return []

    def _raised(
        self, run: Run, facts: Situation, operation: Operation, event: Event, outcome: Outcome, at: int
    ) -> Violation | None:
        if facts.contract == "concurrent":
            return None  # the model knows exactly what each operation may raise
        label = outcome.what
        word = label.partition("(")[0]
        name = operation.name
        rules = _ALLOWED[facts.side_contract(facts.side(event, run.loop_carrier))]
        if word in rules.get(name, _NOTHING) or (label[:2] == "e:" and name in _ASKING):
            return None
        if label == "RuntimeError" and run.program.debug and OFF_THREAD in facts.misuse:
            return None  # debug mode checks the thread of call_soon: that is what it is for
        if name == "set_exception" and operation.argument == "raising-class" and label[:4] == "o:e:":
            return None
        if name == "set_exception" and operation.argument in _REFUSED:
            if label == "TypeError":
                return None
            if facts.contract == "asyncio":  # the same finding as of a legal program
                detail = f"{title(operation)} when pending: {kind(outcome)}, not TypeError raised"
                cause = f"{title(operation)} raised {label} where the contract wants TypeError"
                clause = asyncio_clauses.EXCEPTION_ARGUMENT
                return Violation(oracle=self.name, clause=clause, grade=clause.grade, detail=detail, cause=cause, at=at)
        if name in _ASKING and (facts.odd or (facts.stop_iteration and label == "RuntimeError")):
            return None
        if name == "cancel" and operation.argument is not None and label == "TypeError":
            return None  # the concurrent end takes no message
        if label == "RecursionError" and (run.program.hooks or run.program.links or not facts.bounded):
            return None
        if facts.contract == "bridge" and name in _ASKING and _is_outcome(run, facts, event):
            detail, cause = "came out differently", f"What came out is {label}, which did not go in"
            return facts.violation(self.name, bridge_clauses.AGREE, detail, cause, at)
        if facts.contract == "asyncio" and name == "await" and label == "RuntimeError" and _marked(run, operation, at):
            return facts.violation(self.name, asyncio_clauses.AWAIT, *REFUSED, at)
        detail = f"{name}: {kind(outcome)}"
        cause = f"{name} raised {label}, which its contract does not know"
        violation = facts.violation(self.name, _OPERATION[facts.contract], detail, cause, at)
        if word in _INTERNAL:
            return Violation(
                oracle=self.name,
                clause=violation.clause,
                grade="forbidden",
                detail=violation.detail,
                cause=cause,
                at=at,
            )
        return violation

    def _trap(self, facts: Situation, operation: Operation | None, label: str, at: int) -> Violation | None:
        if operation is None or label != "InvalidStateError" or operation.via != "post":
            return None
        cause = (
            f"call_soon_threadsafe({operation.name}) came after the future was done; InvalidStateError ended in the "
            f"loop's "
            "handler, since the callback did not ask done() first"
        )
        clause = asyncio_clauses.POST_WITHOUT_ASKING
        detail = "InvalidStateError in the loop's handler"
        return Violation(oracle=self.name, clause=clause, grade=clause.grade, detail=detail, cause=cause, at=at)

    @staticmethod
    def _explained(facts: Situation, event: Event, label: str, retrievable: bool) -> bool:
        """Whether what the handler or log got has a reason other than the program's own exceptions."""
        message = str(event.what)
        if message.startswith("asyncio: Executing"):
            return True  # debug mode finds a callback slow when a timeout expires meanwhile and moves virtual time on
        if event.kind == "handler":
            if message.endswith("exception was never retrieved"):
                return retrievable
            if message.startswith("Task was destroyed"):
                return True  # a dropped task that is pending; told apart from others by the asyncio model only
            if facts.odd and label in ("TypeError", "AttributeError"):
                return True
        if OFF_THREAD in facts.misuse and label == "RuntimeError" and facts.program.debug:
            return True
        return label == "RecursionError" and not facts.bounded


def _marked(run: Run, operation: Operation, at: int) -> bool:
    """Whether an await of the same future, by a task of another loop, was refused before."""
    return any(
        isinstance(event.what, Operation)
        and (event.kind, event.what.name, event.what.future) == ("return", "await-elsewhere", operation.future)
        and event.outcome == _REFUSED_ELSEWHERE
        for event in run.history[:at]
    )


def _is_outcome(run: Run, facts: Situation, event: Event) -> bool:
    """Whether an answer is what the outgoing end of a bridge really is in the end."""
    assert isinstance(event.what, Operation)
    return facts.side(event, run.loop_carrier) == "observer" and any(
        isinstance(last.what, FinalState)
        and (last.what.future, last.what.side) == (event.what.future, "observer")
        and last.what.outcome == event.outcome
        for last in run.history
    )
