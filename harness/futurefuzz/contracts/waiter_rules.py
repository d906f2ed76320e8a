"""What the synchronisation primitives promise to those who wait: nothing is lost, and nobody gets what was not given.

A group of such a target is one primitive with waiters: tasks that were all waiting before the program began. Each
`set_result` gives something once (a notification, a permit, an item, a release, an event), each waiter takes once.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from futurefuzz.contracts import compound_clauses as clauses
from futurefuzz.contracts.compound_facts import CANCELLED, ENDING, Facts
from futurefuzz.contracts.compound_rules import Fault

__all__ = ["WAITERS", "judge_waiters"]

#: shape -> how many can take before anything is given
WAITERS: Final[Mapping[str, int]] = MappingProxyType(
    {"condition": 0, "semaphore": 1, "lock": 0, "queue": 0, "event": 0, "barrier": 0, "queue-shutdown": 0}
)


def judge_waiters(shape: str, facts: Facts, waiters: int) -> Fault | None:
    """Judge a run of a primitive.

    Args:
        shape: one of `WAITERS`.
        facts: of the run.
        waiters: how many there are.
    """
    ends = {waiter: facts.last[waiter] for waiter in range(waiters) if waiter in facts.last}
    if len(ends) < waiters:
        return None  # somebody was dropped
    for waiter, end in ends.items():
        if waiter in facts.asked and end != CANCELLED:
            what = "nothing" if end is None else "its result"
            return (
                clauses.OUTWARD,
                f"cancellation swallowed: {what}",
                f"cancel of a waiting task returned True, and what came out is {what} instead of the cancellation",
            )
        if waiter not in facts.asked and end == CANCELLED:
            return clauses.UNTOUCHED, "waiter cancelled", "A waiting task is cancelled although nobody cancelled it"
        if not _is_proper(shape, end) and not (facts.breaks and end == ENDING.get(shape)):
            return clauses.FAITHFUL, f"raised {end}", f"A waiting task ended with {end}"
    pending = [waiter for waiter, end in ends.items() if end is None]
    if pending and facts.breaks:
        cause = f"{len(pending)} wait for ever at what was shut down or broken"
        return clauses.HANDED_ON, "waits at what has ended", cause
    if shape == "barrier":
        return _barrier(facts, ends, waiters)
    taken = [end for end in ends.values() if end not in (None, CANCELLED, ENDING.get(shape))]
    given = WAITERS[shape] + len(facts.sets)
    if shape == "event":
        given = waiters if facts.sets else 0
    if pending and len(taken) < given:
        return (
            clauses.HANDED_ON,
            "lost while somebody waits",
            f"{given} could go on and {len(taken)} did, the others were cancelled; {len(pending)} still wait",
        )
    # A waiter of a condition that is cancelled may wake another one: a spurious wake-up, which is allowed.
    spurious = len(ends) - len(pending) - len(taken) if shape == "condition" else 0
    if len(taken) > given + spurious:
        return clauses.GRANTED, "more than were given", f"{len(taken)} went on although only {given} could"
    turned_away = sum(end == ENDING.get(shape) for end in ends.values())
    if turned_away and len(taken) < given:
        cause = f"{given} items were put in, {len(taken)} came out, and {turned_away} tasks were turned away"
        return clauses.HANDED_ON, "lost in the shutdown", cause
    if shape in ("queue", "queue-shutdown") and sorted(taken) != sorted(label for _, label in facts.sets[: len(taken)]):
        return clauses.GRANTED, "other items", "What was taken from the queue is not what was put in first"
    return None


def _is_proper(shape: str, end: str | None) -> bool:
    if end is None or end in (CANCELLED, "True"):
        return True
    return end.startswith("v:") or (shape == "barrier" and end.isdecimal())


def _barrier(facts: Facts, ends: Mapping[int, str | None], waiters: int) -> Fault | None:
    """All parties come, or nobody gets past. Where tasks were cancelled, who else came in time is left open."""
    past = [int(end) for end in ends.values() if end is not None and end.isdecimal()]
    cancelled = any(end == CANCELLED for end in ends.values())
    if past and not facts.sets:
        return clauses.GRANTED, "past an empty place", "A task got past the barrier although not all parties had come"
    if len(set(past)) < len(past):
        return clauses.GRANTED, "one place twice", f"Two tasks got past the barrier with one number: {sorted(past)}"
    if not cancelled and past and len(past) < waiters:
        return clauses.HANDED_ON, "left behind", f"{len(past)} tasks got past the barrier, and the others did not"
    if not cancelled and not facts.breaks and facts.sets and not past:
        return clauses.HANDED_ON, "closed for ever", "All parties have come, and nobody got past the barrier"
    return None
