"""Which clauses of several loops a run has tried: what happened in it that a wrong way across would have spoilt."""

from __future__ import annotations

from collections import Counter

from futurefuzz.contracts import several_loops_clauses as clauses
from futurefuzz.programs.operations import RESOLVING
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Outcome, Run

__all__ = ["tried"]

_POSTS = ("post", "post-if-pending")


def tried(run: Run) -> list[str]:
    """The ids of the clauses that a run could have broken, and has not.

    Args:
        run: of a legal program, with which no oracle has found anything wrong.
    """
    found: set[str] = set()
    posted: Counter[int] = Counter()  # loop -> posted operations that it has performed
    completing: Counter[int] = Counter()  # future -> operations that were to complete it
    inside: dict[str, Outcome] = {}  # site -> what a submitted coroutine came to
    closed: set[int] = set()
    for event in run.history:
        what = event.what
        if event.kind == "closed":
            assert isinstance(what, int)
            closed.add(what)
        elif event.kind == "run":
            found.add(clauses.CALLBACKS.id)
        elif event.kind == "return":
            assert isinstance(what, Operation)
            assert event.outcome is not None
            home = run.program.home(what.future)
            if what.via == "direct" or event.site.endswith("!"):
                completing[what.future] += what.name in RESOLVING
                posted[home] += what.via in _POSTS
                inside[event.site] = event.outcome
            elif event.outcome == ("raised", "RuntimeError") and home in closed:
                found.add(clauses.CLOSED.id)
            elif what.via == "submit":
                found |= _across(inside.get(f"{event.site}!"), event.outcome)
                if not closed:
                    found.add(clauses.QUIET.id)
    for site, outcome in inside.items():  # what a timeout has cancelled ends after whoever has given up
        if site.endswith("!") and outcome.what.startswith("CancelledError"):
            found.add(clauses.CANCEL.id)
    if max(posted.values(), default=0) > 1:
        found.add(clauses.ORDER.id)
    if max(completing.values(), default=0) > 1:
        found.add(clauses.WINNER.id)
    return sorted(found)


def _across(there: Outcome | None, here: Outcome) -> set[str]:
    """What it tries that a submitted coroutine came to something there, and who submitted it got something here."""
    if there is None or here.what == "TimeoutError":
        return set()
    cancelled = here.what.startswith("CancelledError")
    return {clauses.CANCEL.id if cancelled else clauses.RESULT.id, clauses.WAKE.id}
