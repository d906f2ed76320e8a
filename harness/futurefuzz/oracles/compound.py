"""Compounds keep what they promise about their children: gather, shield, wait_for, TaskGroup, wait, and whoever waits
at a lock, a semaphore, a queue, an event or a condition."""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts import compound_clauses as clauses
from futurefuzz.contracts.compound_facts import Facts, judged
from futurefuzz.contracts.compound_rules import RULES, Fault
from futurefuzz.contracts.labels import kind
from futurefuzz.contracts.nested_rules import NESTED_RULES
from futurefuzz.contracts.thread_compound_rules import SHAPES, judge_threads
from futurefuzz.contracts.verdict import Violation
from futurefuzz.contracts.waiter_rules import WAITERS, judge_waiters
from futurefuzz.errors import InputError
from futurefuzz.oracles.base import situation
from futurefuzz.programs.program import Program
from futurefuzz.runs.history import Run
from futurefuzz.targets import base as targets
from futurefuzz.targets.base import Target

__all__ = ["Compounds"]

#: not an exception of the program: what the loop's handler may be told about them
_OWN: Final = ("e:", "x:")


class Compounds:
    """The oracle."""

    name = "compound"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`. Programs that leave the contract, or drop what is judged, are not judged."""
        if run.contract not in targets.GROUPS or run.status == "livelock":
            return []
        try:
            target = targets.find(run.target)
        except InputError:  # a hand-made run
            return []
        if situation(run).misuse or not _judged(run.program, target):
            return []
        return [self._violation(fault, at) for at, fault in _faults(run, target)]

    def _violation(self, fault: Fault, at: int) -> Violation:
        clause, detail, cause = fault
        return Violation(oracle=self.name, clause=clause, grade=clause.grade, detail=detail, cause=cause, at=at)


_last: tuple[Program, Target, bool] | None = None


def _judged(program: Program, target: Target) -> bool:
    """As `compound_facts.judged`; asked once while one program runs on one target under many schedules."""
    global _last
    if _last is None or _last[0] is not program or _last[1] is not target:
        _last = program, target, judged(program, target)
    return _last[2]


def _faults(run: Run, target: Target) -> list[tuple[int, Fault]]:
    children = run.program.futures - 1
    if run.contract == "concurrent-compound":
        return judge_threads(target.shape, run, children) if target.shape in SHAPES else []
    found = _stray(run)
    if target.shape in WAITERS:
        facts = Facts(run, -1)
        fault = judge_waiters(target.shape, facts, run.program.futures)
        return found if fault is None else [*found, (facts.end, fault)]
    rule = RULES.get(target.shape) or NESTED_RULES.get(target.shape)
    facts = Facts(run, children)
    if rule is None or "made" not in facts.stages:
        return found
    fault = _consistent(facts) or rule(facts)
    return found if fault is None else [*found, (facts.end, fault)]


def _consistent(facts: Facts) -> Fault | None:
    """Whoever asked was told what the compound ended with, and nobody waits for it any more."""
    for _, name, told in facts.answers:
        if told != facts.final:
            cause = f"{name} told something of the compound that is not what it ended with"
            return clauses.FAITHFUL, f"{name}: outcome changed", cause
    if facts.left and facts.final is not None:
        return clauses.WAKE, "waiter never woken", "A task awaits the compound for ever although it is done"
    return None


def _stray(run: Run) -> list[tuple[int, Fault]]:
    """The first thing that the loop's handler was told and nothing explains."""
    owed: list[str] = []
    for at, event in enumerate(run.history):
        outcome = event.outcome
        if event.kind == "return" and event.site[-1] == "!" and outcome is not None and outcome.how == "raised":
            owed.append(outcome.what)
        elif event.kind in ("handler", "unraisable", "uncaught") and outcome is not None:
            label = outcome.what
            if label[:2] in _OWN or str(event.what).endswith("exception was never retrieved"):
                continue
            if event.kind == "handler" and label in owed:
                owed.remove(label)
                continue
            where = {"handler": "the loop's handler"}.get(event.kind, event.kind)
            cause = f"{label} reached {where}, which nothing in the program explains"
            return [(at, (clauses.HANDLER, f"{event.kind}: {kind(outcome)}", cause))]
    return []
