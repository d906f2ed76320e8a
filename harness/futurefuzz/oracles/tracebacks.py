"""Exceptions come out with the traceback with which they went in.

The run notes where one does not (`untraced`); here it is told whether that was the first time that somebody was given
it, or a later one. It is no matter of misuse: nothing that a program does to a future touches the traceback.
"""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts import asyncio_clauses, bridge_clauses, concurrent_clauses
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.oracles.base import situation
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Run
from futurefuzz.targets.base import GROUPS

__all__ = ["Tracebacks"]

_CLAUSES: Final[dict[str, Clause]] = {
    "asyncio": asyncio_clauses.TRACEBACK,
    "concurrent": concurrent_clauses.TRACEBACK,
    "bridge": bridge_clauses.TRACEBACK,
}


class Tracebacks:
    """The oracle."""

    name = "tracebacks"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`. What a compound raises has a way behind it that no clause is about."""
        if run.contract in GROUPS:
            return []
        facts = situation(run)
        if run.contract not in _CLAUSES:  # what a compound does with the exceptions of its children is its own matter
            return []
        if facts.failing and not facts.loose:
            for at, event in enumerate(run.history):
                if event[0] == "untraced":
                    return [self._violation(run, at)]
        return []

    def _violation(self, run: Run, at: int) -> Violation:
        event = run.history[at]
        operation = event.what
        assert isinstance(operation, Operation)
        # A task that awaits this one in the place of its gate has asked, too.
        again = any(link.to == operation.future for link in run.program.links) or any(
            earlier.kind == "return" and earlier.outcome is not None and earlier.outcome == ("raised", label)
            for label in [event.outcome.what if event.outcome is not None else ""]
            for earlier in run.history[:at]
        )
        clause = _CLAUSES[run.contract]
        detail = "traceback lost when asked again" if again else "traceback lost"
        cause = f"{operation.name} gave the exception without the traceback entries of where it had been raised"
        return Violation(
            oracle=self.name,
            clause=clause,
            grade=clause.grade,
            detail=detail,
            cause=cause + (", which whoever asked before had been given" if again else ""),
            at=at,
        )
