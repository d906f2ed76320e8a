"""Which observations are verdicts: only what can be told exactly, whatever machine it was seen on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import evolve

from futurefuzz.contracts import loop_clauses as clauses
from futurefuzz.contracts.verdict import Clause
from futurefuzz.health.record import LoopHealth, Verdict

__all__ = ["verdicts_of"]

_COMPLAINTS: Final[dict[str, Clause]] = {
    "raised": clauses.RAISED,
    "never-retrieved": clauses.NEVER_RETRIEVED,
    "destroyed": clauses.DESTROYED,
}


def verdicts_of(seen: LoopHealth, *, judge_slow: bool) -> LoopHealth:
    """The same with its verdicts.

    Args:
        seen: without verdicts.
        judge_slow: slow callbacks count: time is virtual, or somebody has said how long they may take.
    """
    return evolve(seen, verdicts=tuple(_found(seen, judge_slow)))


def _found(seen: LoopHealth, judge_slow: bool) -> Iterator[Verdict]:
    if judge_slow:
        for each in seen.slow:
            how = f" in {each.blocking}" if each.blocking else ""
            cause = f"{each.what} kept {seen.name} for {each.seconds:.3f} s{how}{_at(each.where)}"
            yield Verdict(clause=clauses.BLOCKED, cause=f"{cause}; {seen.bound:g} s are allowed")
    for complaint in seen.complaints:
        clause = _COMPLAINTS.get(complaint.kind)
        if clause is not None:
            said = f": {complaint.error}" if complaint.error else ""
            what = f" ({complaint.what})" if complaint.what and complaint.what not in complaint.message else ""
            yield Verdict(clause=clause, cause=f"{complaint.message}{what}{said}{_at(complaint.where)}")
    for stranger in seen.strangers:
        cause = f"{stranger.thread} scheduled {stranger.callback} without waking {seen.name}{_at(stranger.where)}"
        yield Verdict(clause=clauses.WRONG_THREAD, cause=cause)
    for waiter in seen.waiters:
        if waiter.stalled:
            cause = f"{waiter.name} waits for {waiter.waits_for} for ever{_at(waiter.where)}"
            yield Verdict(clause=clauses.STALLED, cause=cause)


def _at(where: str) -> str:
    return f", at {where}" if where else ""
