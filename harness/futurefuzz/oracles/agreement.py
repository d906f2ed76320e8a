"""Bridges: when all is quiet, both ends agree.

While an outcome travels the ends differ; and since they are two futures that are cancelled independently, some
differences stay. Claimed is only what no race explains (CPython's `asyncio.futures._chain_future`, 3.11 to 3.15):
* a value or exception at the outgoing end is the one that went in;
* what went in has come out, unless the outgoing end was cancelled;
* a cancelled end was cancelled by somebody, or through the other end.
"""

from __future__ import annotations

from futurefuzz.contracts import bridge_clauses as clauses
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.oracles.base import Situation, situation
from futurefuzz.oracles.transitions import settled
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import FinalState, Outcome, Run

__all__ = ["Agreement"]


class Agreement:
    """The oracle."""

    name = "agreement"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`."""
        if run.contract != "bridge" or run.status == "livelock":
            return []
        facts = situation(run)
        if facts.odd or facts.loose:
            return []
        states: dict[tuple[int, str], FinalState] = {}
        cancelled: set[tuple[int, str]] = set()  # ends that somebody cancelled with success
        started: set[int] = set()
        last = 0
        for at, event in enumerate(run.history):
            if event.kind == "state":
                assert isinstance(event.what, FinalState)
                states[event.what.future, event.what.side] = event.what
                last = at
            elif event.kind == "return" and event.outcome == ("returned", "True"):
                assert isinstance(event.what, Operation)
                if event.what.name == "cancel":
                    cancelled.add((event.what.future, facts.side(event, run.loop_carrier)))
                elif event.what.name == "set_running":
                    started.add(event.what.future)
            elif event.kind == "waiting" and event.carrier == run.loop_carrier:
                assert isinstance(event.what, Operation)
                if event.what.name != "await":
                    return []  # the loop itself is stuck: nothing can travel
        for future in range(run.program.futures):
            went, came = states.get((future, "resolver")), states.get((future, "observer"))
            if went is None or came is None:
                continue
            broken = self._disagree(facts, future, _final(went.outcome), _final(came.outcome), cancelled, started)
            if broken is not None:
                clause, detail, cause = broken
                return [facts.violation(self.name, clause, detail, cause, last)]
        return []

    @staticmethod
    def _disagree(
        facts: Situation,
        future: int,
        went: str | None,
        came: str | None,
        cancelled: set[tuple[int, str]],
        started: set[int],
    ) -> tuple[Clause, str, str] | None:
        if came == "?" and facts.stop_iteration:
            return None  # a StopIteration comes out as a RuntimeError from 3.12.2 on
        if came == "cancelled":
            if (future, "observer") not in cancelled and went != "cancelled":
                return (
                    clauses.CANCEL,
                    "cancelled by nobody",
                    "The outgoing end is cancelled, but nobody cancelled either end",
                )
            # A coroutine that is cancelled before its first step never awaits its gate, which then stays pending.
            if went is None and facts.concurrent_side == "resolver" and future not in started:
                return (
                    clauses.CANCEL,
                    "cancellation did not go in",
                    "The outgoing end was cancelled, the other one stays pending",
                )
            return None
        if went == "cancelled":
            if came is None:
                return (
                    clauses.CANCEL,
                    "cancellation never came out",
                    "One end was cancelled, the outgoing end stays pending",
                )
            return clauses.AGREE, "cancelled, came out done", "One end was cancelled, the outgoing end has a result"
        if went is None:
            if came is not None:
                return clauses.AGREE, "came out of nothing", "The outgoing end is done, but nothing went in"
            return None
        if came is None:
            return clauses.AGREE, "never came out", "An outcome went in and never came out"
        if came != went:
            return clauses.AGREE, "came out differently", "What came out is not what went in"
        return None


def _final(outcome: Outcome | None) -> str | None:
    """What an end is for good; an exception that it gives as its value is another outcome than one that it raises."""
    if outcome is not None and outcome.how == "returned" and outcome.what[:2] == "e:":
        return f"value {outcome.what}"
    return settled(outcome)
