"""Of a handful of small programs all legal outcomes are known: is what a run showed one of them?

The other oracles judge how a run came about, step by step, and name what they object to better; so this one is the
last, and speaks up where they are silent. It says nothing of a target that declares departures: the enumeration knows
nothing of them.

Of an outcome that is not in the set, the legal one that has the most in common with it tells what is wrong: the clause
is that of the first observation in which the two differ.
"""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts import asyncio_clauses, concurrent_clauses
from futurefuzz.contracts.legal import legal_answers
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.oracles.base import situation
from futurefuzz.runs.behaviour import STATUS, Behaviour, answers_of, behaviour_of
from futurefuzz.runs.history import Run

__all__ = ["Outcomes"]

_ASYNCIO: Final[dict[str, Clause]] = {
    "set_result": asyncio_clauses.WINNER,
    "set_exception": asyncio_clauses.WINNER,
    "cancel": asyncio_clauses.CANCEL,
    "result": asyncio_clauses.RESULT,
    "exception": asyncio_clauses.EXCEPTION,
    "done": asyncio_clauses.STATE,
    "cancelled": asyncio_clauses.STATE,
    "remove_done_callback": asyncio_clauses.REMOVE,
    "await": asyncio_clauses.AWAIT,
}
_CONCURRENT: Final[dict[str, Clause]] = {
    "set_result": concurrent_clauses.WINNER,
    "set_exception": concurrent_clauses.WINNER,
    "cancel": concurrent_clauses.CANCEL,
    "result": concurrent_clauses.RESULT,
    "exception": concurrent_clauses.EXCEPTION,
    "done": concurrent_clauses.STATE,
    "cancelled": concurrent_clauses.STATE,
    "running": concurrent_clauses.STATE,
    "set_running": concurrent_clauses.RUNNING,
}


class Outcomes:
    """The oracle."""

    name = "outcomes"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`."""
        if not situation(run).litmus or run.status == "livelock":
            return []
        legal = legal_answers(run.program, run.contract)
        seen = answers_of(behaviour_of(run))
        if legal is None or seen in legal:
            return []
        clause, what, right = _difference(run.contract, seen, legal)
        cause = f"{what}, which is in none of the {len(legal)} legal outcomes; {right} would be right"
        at = len(run.history) - 1
        detail = f"outcome: {clause.id}"
        return [Violation(oracle=self.name, clause=clause, grade="forbidden", detail=detail, cause=cause, at=at)]


def _difference(contract: str, seen: Behaviour, legal: frozenset[Behaviour]) -> tuple[Clause, str, str]:
    """Clause, what was seen, and what would be legal in its place."""
    shown = set(seen)
    near = max(sorted(legal), key=lambda one: len(shown & set(one)))
    was, right = dict(seen), dict(near)
    # what was answered says more than that somebody is stuck or pending in the end
    names = [name for name in (*was, *right) if was.get(name) != right.get(name)]
    name = min(names, key=lambda one: (one == STATUS, " at the end " in one, one))
    said, wanted = was.get(name, "nothing"), right.get(name, "nothing")
    return _clause(contract, name, said, wanted), f"{name}: {said}", wanted


def _clause(contract: str, name: str, said: str, wanted: str) -> Clause:
    asyncio = contract == "asyncio"
    if name.startswith("callbacks "):
        same = sorted(said.split(", ")) == sorted(wanted.split(", "))
        if same:
            return asyncio_clauses.ORDER if asyncio else concurrent_clauses.ORDER
        return asyncio_clauses.ONCE if asyncio else concurrent_clauses.ONCE
    if said == "never returned":
        return asyncio_clauses.AWAIT if asyncio else concurrent_clauses.WAKE
    operation = name.split(" ")[1].partition("(")[0] if name[0].isdigit() or name[0] == "c" else ""
    if asyncio:
        return _ASYNCIO.get(operation, asyncio_clauses.RESULT)
    return _CONCURRENT.get(operation, concurrent_clauses.RESULT)
