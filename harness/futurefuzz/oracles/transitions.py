"""At most one winner a future, and one outcome for ever.

The asyncio model judges this in lock-step; here it is judged in ways that stay sound when nothing else is promised:
for programs that touch asyncio futures from threads or inside call-outs, for concurrent futures, and for both ends of
bridges.
"""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts import asyncio_clauses, bridge_clauses, concurrent_clauses
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.oracles.base import Situation, situation
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Event, FinalState, Outcome, Run

__all__ = ["Transitions", "settled"]

_CLAUSES: Final[dict[str, Clause]] = {
    "asyncio": asyncio_clauses.WINNER,
    "concurrent": concurrent_clauses.WINNER,
    "bridge": bridge_clauses.WINNER,
}
_NONE: Final = ("returned", "None")
_TRUE: Final = ("returned", "True")
_FALSE: Final = ("returned", "False")


def settled(outcome: Outcome | None) -> str | None:
    """What a future is for good: `v:SITE`, `e:SITE`, `cancelled`, `?` (done somehow), or None (pending)."""
    if outcome is None:
        return None
    what = outcome.what
    if what[:2] in ("v:", "e:"):
        return what
    if outcome.how == "raised" and what.startswith("CancelledError"):
        return "cancelled"
    return "?"


class Transitions:
    """The oracle."""

    name = "transitions"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`."""
        facts = situation(run)
        if facts.lockstep or facts.undefined:
            return []
        winners: dict[tuple[int, str], tuple[str, str]] = {}  # (future, side) -> (outcome, who)
        seen: dict[tuple[int, str], tuple[str, str]] = {}  # (future, side) -> (outcome, who said so)
        clause = _CLAUSES[facts.contract]
        loop = run.loop_carrier
        said: str | None
        for at, event in enumerate(run.history):
            kind = event.kind
            if kind == "return":
                operation = event.what
                assert isinstance(operation, Operation)
                if event.outcome is None or (operation.via != "direct" and event.site[-1] != "!"):
                    continue
                key = (operation.future, facts.side(event, loop))
                who = operation.name
                won = _wins(facts, operation, event)
                if won is not None:
                    before = winners.get(key)
                    if before is not None and not (won == before[0] == "cancelled" and _idempotent(facts, key[1])):
                        cause = f"{operation.name} succeeded although {before[1]} had completed the future"
                        return [facts.violation(self.name, clause, "two winners", cause, at, on_loop_only=True)]
                    if before is None:
                        winners[key] = won, operation.name
                    said = won
                else:
                    said = _said(operation, event)
            elif kind == "state":
                state = event.what
                assert isinstance(state, FinalState)
                key = (state.future, state.side)
                said = settled(state.outcome)
                who = "its final state"
                if said is None and key in winners and not (facts.is_task and winners[key][0] == "cancelled"):
                    detail = "pending after completion"
                    cause = f"The future is pending at the end although {winners[key][1]} had completed it"
                    return [facts.violation(self.name, clause, detail, cause, at)]
            else:
                continue
            if said is None or said == "?":
                continue
            before = seen.get(key)
            if before is None:
                seen[key] = said, who
            elif before[0] != said and not self._odd(facts, before[0], said):
                cause = f"{who} tells {_kind(said)} of the future, and {before[1]} had told {_kind(before[0])}"
                return [facts.violation(self.name, clause, "outcome changed", cause, at)]
        return []

    @staticmethod
    def _odd(facts: Situation, one: str, other: str) -> bool:
        """What `concurrent.futures` makes of something that cannot be raised as it is, is not defined."""
        return facts.odd and (one[:2] == "e:" or other[:2] == "e:")


def _kind(outcome: str) -> str:
    return {"v:": "a value", "e:": "an exception"}.get(outcome[:2], "a cancellation")


def _idempotent(facts: Situation, side: str) -> bool:
    """cancel() of an asyncio future is False the second time; elsewhere it may be True again."""
    return facts.is_task or facts.side_contract(side) == "concurrent"


def _wins(facts: Situation, operation: Operation, event: Event) -> str | None:
    """The outcome that a successful operation gave to its future; None when it did not complete it."""
    name, outcome = operation.name, event.outcome
    if name == "set_result" and outcome == _NONE:
        return f"v:{event.site.rstrip('!')}"
    if name == "set_exception" and outcome == _NONE:
        # From 3.13 on asyncio stores a StopIteration as the cause of a RuntimeError.
        return (
            "?" if operation.argument is not None and operation.argument != "falsy" else f"e:{event.site.rstrip('!')}"
        )
    if name == "cancel" and outcome == _TRUE and not facts.is_task:  # of a task it is only a request
        return "cancelled"
    return None


def _said(operation: Operation, event: Event) -> str | None:
    """What an answer tells about the outcome."""
    outcome = event.outcome
    assert outcome is not None
    name = operation.name
    if name in ("result", "await"):
        return settled(outcome)
    if name == "exception":
        if outcome.how == "returned":
            return outcome.what if outcome.what[:2] == "e:" else None
        return settled(outcome)
    if name == "cancelled" and outcome == _TRUE:
        return "cancelled"
    return None
