"""Does a program of finitely many operations come to its end?"""

from __future__ import annotations

from futurefuzz.contracts import general_clauses as clauses
from futurefuzz.contracts.verdict import Violation
from futurefuzz.oracles.base import situation
from futurefuzz.runs.history import Run

__all__ = ["Livelock"]

#: a run with so many events did something; that it did not end may be the program's size
_MANY = 2000


class Livelock:
    """The oracle."""

    name = "livelock"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`. A program whose callbacks register themselves again is its own fault."""
        if run.status != "livelock" or len(run.history) > _MANY:
            return []
        facts = situation(run)
        if not facts.bounded:
            return []
        cause = "The run reached its bound of steps although the program has few operations"
        return [facts.violation(self.name, clauses.LIVELOCK, "no end", cause, len(run.history) - 1)]
