"""What is checked: each oracle judges a run's history from one point of view."""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts.asyncio_clauses import POST_WITHOUT_ASKING
from futurefuzz.contracts.verdict import Violation
from futurefuzz.oracles.agreement import Agreement
from futurefuzz.oracles.base import Oracle
from futurefuzz.oracles.callbacks import Callbacks
from futurefuzz.oracles.conformance import Conformance
from futurefuzz.oracles.exceptions import Exceptions
from futurefuzz.oracles.livelock import Livelock
from futurefuzz.oracles.transitions import Transitions
from futurefuzz.oracles.wakeups import Wakeups
from futurefuzz.runs.history import Run

__all__ = ["ALL", "Oracle", "judge"]

#: all oracles. Where two show something at the same event, the earlier one here names it: the more specific first.
ALL: Final[tuple[Oracle, ...]] = (
    Transitions(),
    Callbacks(),
    Exceptions(),
    Conformance(),
    Wakeups(),
    Agreement(),
    Livelock(),
)

_CHECKS: Final = tuple(oracle.check for oracle in ALL)


def judge(run: Run) -> list[Violation]:
    """Everything that is wrong with a run, in the order in which it showed; the first is the finding.

    Traps of the program (A18) come after all that is wrong with the future: they leave it as it is, and are so frequent
    that they would hide the rest.

    Args:
        run: its history is read only.
    """
    found: list[Violation] = []
    for check in _CHECKS:
        found += check(run)
    if len(found) > 1:
        found.sort(key=lambda violation: (violation.clause is POST_WITHOUT_ASKING, violation.at))
    return found
