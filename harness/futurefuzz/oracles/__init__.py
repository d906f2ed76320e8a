"""What is checked: each oracle judges a run's history from one point of view."""

from __future__ import annotations

from typing import Final, NamedTuple

from futurefuzz.contracts import asyncio_clauses, bridge_clauses, concurrent_clauses
from futurefuzz.contracts.declared import split
from futurefuzz.contracts.verdict import Violation
from futurefuzz.oracles.agreement import Agreement
from futurefuzz.oracles.base import Oracle
from futurefuzz.oracles.callbacks import Callbacks
from futurefuzz.oracles.compound import Compounds
from futurefuzz.oracles.conformance import Conformance
from futurefuzz.oracles.crossings import Crossings
from futurefuzz.oracles.exceptions import Exceptions
from futurefuzz.oracles.livelock import Livelock
from futurefuzz.oracles.outcomes import Outcomes
from futurefuzz.oracles.tracebacks import Tracebacks
from futurefuzz.oracles.transitions import Transitions
from futurefuzz.oracles.wakeups import Wakeups
from futurefuzz.runs.history import Run

__all__ = ["ALL", "Judgement", "Oracle", "assess", "judge"]

#: all oracles. Where two show something at the same event, the earlier one here names it: the more specific first.
ALL: Final[tuple[Oracle, ...]] = (
    Transitions(),
    Callbacks(),
    Exceptions(),
    Conformance(),
    Wakeups(),
    Agreement(),
    Compounds(),
    Crossings(),
    Livelock(),
    Tracebacks(),
    Outcomes(),
)

#: what leaves the future as it is, and is so frequent that it would hide the rest
_LAST: Final = frozenset(
    clause.id
    for clause in (
        asyncio_clauses.POST_WITHOUT_ASKING,
        asyncio_clauses.TRACEBACK,
        concurrent_clauses.TRACEBACK,
        bridge_clauses.TRACEBACK,
    )
)
_CHECKS: Final = tuple(oracle.check for oracle in ALL)


class Judgement(NamedTuple):
    """What the oracles say about a run.

    Attributes:
        violations: everything that is wrong with it, in the order in which it showed; the first is the finding.
        departures: what breaks clauses from which the target departs knowingly.
    """

    violations: list[Violation]
    departures: list[Violation]


def assess(run: Run) -> Judgement:
    """Judge a run by all oracles.

    Traps of the program (A18) and lost tracebacks come after all else that is wrong with the future: they leave it as
    it is, and are so frequent that they would hide the rest. Clauses that do not hold on this version of Python are not
    judged.

    Args:
        run: its history is read only.
    """
    found: list[Violation] = []
    for check in _CHECKS:
        found += check(run)
    if not found:
        return Judgement(found, [])
    if len(found) > 1:
        found.sort(key=lambda violation: (violation.clause.id in _LAST, violation.at))
    return Judgement(*split(found, run.target))


def judge(run: Run) -> list[Violation]:
    """Everything that is wrong with a run and that its target has not declared; see `assess`."""
    return assess(run).violations
