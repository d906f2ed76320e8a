"""What the synchronisation primitives promise to those who wait: nothing is lost, and nobody gets what was not given.

A group of such a target is one primitive with waiters: tasks that were all waiting before the program began. Each
`set_result` gives something once (a notification, a permit, an item, a release, an event), each waiter takes once.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from futurefuzz.contracts import compound_clauses as clauses
from futurefuzz.contracts.compound_facts import CANCELLED, Facts
from futurefuzz.contracts.compound_rules import Fault

__all__ = ["WAITERS", "judge_waiters"]

#: shape -> how many can take before anything is given
WAITERS: Final[Mapping[str, int]] = MappingProxyType(
    {"condition": 0, "semaphore": 1, "lock": 0, "queue": 0, "event": 0}
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
        if end is not None and end != CANCELLED and not (end == "True" or end.startswith("v:")):
            return clauses.FAITHFUL, f"raised {end}", f"A waiting task ended with {end}"
    pending = [waiter for waiter, end in ends.items() if end is None]
    taken = [end for end in ends.values() if end is not None and end != CANCELLED]
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
    if shape == "queue" and sorted(taken) != sorted(label for _, label in facts.sets[: len(taken)]):
        return clauses.GRANTED, "other items", "What was taken from the queue is not what was put in first"
    return None
