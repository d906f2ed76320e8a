"""What an oracle is, and what every oracle asks about a run before it judges."""

from __future__ import annotations

from typing import Final, Literal, Protocol

from futurefuzz.contracts.litmus import is_litmus
from futurefuzz.contracts.misuse import FAILING, LOOSE, OFF_THREAD, RE_ENTRANT, STARVED, UNDEFINED, misuse
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.errors import InputError
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.history import Event, Run
from futurefuzz.targets import base as targets
from futurefuzz.targets.base import GROUPS, Target

__all__ = ["Oracle", "Situation", "situation"]

Grade = Literal["forbidden", "interesting"]


class Oracle(Protocol):
    """Judges the history of a run from one point of view.

    Attributes:
        name: as in findings.
    """

    name: str

    def check(self, run: Run) -> list[Violation]:
        """The clauses that the run broke; empty when it broke none or none can be told."""


class Situation:
    """What is known before a history is read: the program's legality, and which side of the target does what.

    Attributes:
        contract: of the target.
        misuse: how the program leaves the contract; see `contracts.misuse`.
        closing: the program acts on its futures when their loop is closed.
        loose: nobody promises in which state the program leaves its futures; only what holds of any state is judged.
        undefined: not even that a future stays what it is.
        lockstep: the history is judged completely by a model of its own (of asyncio, of compounds, of several loops),
            and other oracles have nothing to add.
        litmus: the program is one of those whose legal outcomes are enumerated, and the target departs from nothing.
        is_task: the target's futures are tasks.
        bounded: the program comes to an end on a correct target (no callback registers itself again).
        failing: the program sets exceptions.
        odd: the program sets something that `concurrent.futures` stores although it cannot be raised as it is.
        asyncio_side, concurrent_side: of a bridge.
    """

    __slots__ = (
        "asyncio_side",
        "bounded",
        "closing",
        "concurrent_side",
        "contract",
        "failing",
        "is_task",
        "litmus",
        "lockstep",
        "loop_side",
        "loose",
        "misuse",
        "odd",
        "program",
        "resolver_operations",
        "stop_iteration",
        "target",
        "thread_side",
        "two_sided",
        "undefined",
    )

    def __init__(self, run: Run) -> None:
        self.program = program = run.program
        self.target = run.target
        self.contract = run.contract
        target: Target | None
        try:
            target = targets.find(run.target)
        except InputError:  # a hand-made run of a target that is not registered
            target = None
        self.misuse = misuse(program, run.contract, target)
        self.closing = any(hook.kind == "closed" for hook in program.hooks)
        self.loose = bool(self.misuse & LOOSE)
        self.undefined = UNDEFINED in self.misuse
        whole = run.contract in GROUPS or run.contract == "loops"
        self.lockstep = whole or (run.contract == "asyncio" and not self.misuse)
        shape = "future" if target is None else target.shape
        plain = shape == "future" and (target is None or not target.departures)
        self.litmus = plain and is_litmus(program, run.contract)
        self.is_task = shape == "task"
        self.two_sided = shape in ("task", "bridge")
        self.resolver_operations = frozenset() if target is None else target.resolver_operations
        self.thread_side = "observer" if target is None else target.thread_side
        self.loop_side = "observer" if target is None else target.loop_side
        # Threads act on the thread-safe end.
        self.concurrent_side = self.thread_side
        self.asyncio_side = "observer" if self.thread_side == "resolver" else "resolver"
        self.bounded = _bounded(program)
        arguments = {operation.argument for operation in program.operations() if operation.name == "set_exception"}
        self.failing = any(operation.name == "set_exception" for operation in program.operations())
        self.odd = bool(arguments & _ODD) and run.contract != "asyncio"
        self.stop_iteration = bool(arguments & _STOPS)

    def side(self, event: Event, loop_carrier: int | None) -> str:
        """Which side of its future an operation's event is about."""
        operation = event.what
        assert isinstance(operation, Operation)
        if not self.two_sided:
            return "observer"
        if operation.name in self.resolver_operations:
            return "resolver"
        return self.loop_side if event.carrier == loop_carrier else self.thread_side

    def side_contract(self, side: str) -> str:
        """Which contract a side follows."""
        if self.contract != "bridge":
            return self.contract
        return "concurrent" if side == self.concurrent_side else "asyncio"

    def violation(
        self, oracle: str, clause: Clause, detail: str, cause: str, at: int, *, on_loop_only: bool = False
    ) -> Violation:
        """A violation, graded by whether the program was legal.

        Args:
            oracle, clause, detail, cause, at: as in `Violation`.
            on_loop_only: forbidden even when the program re-enters, as long as it stays on the loop's thread.
        """
        grade: Grade = clause.grade
        if OFF_THREAD in self.misuse:
            grade, detail = "interesting", f"{OFF_THREAD}: {detail}"
            cause += "; the program touches an asyncio future from a thread, which is documented as not safe"
        elif self.loose:
            word = next(word for word in _LOOSE_CAUSES if word in self.misuse)
            grade, detail = "interesting", f"{word}: {detail}"
            cause += f"; {_LOOSE_CAUSES[word]}"
        elif RE_ENTRANT in self.misuse and self.contract != "concurrent":
            if not on_loop_only:
                grade = "interesting"
            detail = f"{RE_ENTRANT}: {detail}"
            cause += "; the program acts inside a call that the future makes"
        return Violation(oracle=oracle, clause=clause, grade=grade, detail=detail, cause=cause, at=at)


_ODD: Final = frozenset({"class", "not-an-exception", "raising-class", "foreign-class"})
_STOPS: Final = frozenset({"StopIteration", "StopIteration-subclass"})
#: misuse by which a detail begins, the first that applies -> what is added to the cause
_LOOSE_CAUSES: Final = {
    UNDEFINED: "the program does what no documentation gives a meaning",
    STARVED: "the program lets memory run out",
    FAILING: "the program lets a call fail that the future makes",
}
_LIMIT_OPERATIONS: Final = 100


def _bounded(program: Program) -> bool:
    """No callback registers itself again, by whatever way round; and the program is so small that it must end soon."""
    if len(program.operations()) > _LIMIT_OPERATIONS:
        return False
    adds = [
        {o.callback for o in callback.operations if o.name == "add_done_callback" and o.callback is not None}
        for callback in program.callbacks
    ]
    for hook in program.hooks:  # a hook may act inside any callback, but only once
        if any(o.name == "add_done_callback" for o in hook.operations):
            break
    settled: set[int] = set()
    while True:
        more = {i for i, added in enumerate(adds) if i not in settled and added <= settled}
        if not more:
            return len(settled) == len(adds)
        settled |= more


_last: Situation | None = None


def situation(run: Run) -> Situation:
    """The run's situation; kept while one program runs on one target under many schedules."""
    global _last
    last = _last
    if last is None or last.program is not run.program or last.target != run.target:
        _last = last = Situation(run)
    return last
