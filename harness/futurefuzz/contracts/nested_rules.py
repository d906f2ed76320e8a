"""What compounds of compounds promise: what follows from the promises of their parts, and no more.

A completion takes a turn of the loop for each compound that it passes through, so that which of two errors comes out is
left open where they pass through different numbers of them.
"""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts import compound_clauses as clauses
from futurefuzz.contracts.compound_facts import CANCELLED, Facts
from futurefuzz.contracts.compound_rules import (
    HANGS,
    Fault,
    Rule,
    all_done,
    as_child,
    cancelled_inside,
    cancelled_outside,
    is_error,
    swallowed,
    too_early,
    untouched,
)

__all__ = ["NESTED_RULES"]


def _errors(facts: Facts, *, before: int | None = None) -> set[str]:
    return {label for at, label in facts.ended.values() if is_error(label) and (before is None or at < before)}


def _gather_in_gather(facts: Facts) -> Fault | None:
    final = facts.final
    if not facts.cancels:
        if fault := untouched(facts):
            return fault
        errors = _errors(facts)
        if not errors:
            return all_done(facts, final, _nested(facts))
        if final is None:
            return clauses.FIRST, "never done", "A child raised, and gather was not done with it"
        if final not in errors:
            return clauses.FIRST, "not an exception of a child", "gather is done with something that no child raised"
        return None
    at = facts.cancels[0]
    # A gather that is done by the first exception has no more to do with its other children.
    inner = [facts.ended.get(child, (at, "")) for child in range(facts.children - 1)]
    over = any(ended < at and is_error(label) for ended, label in inner)
    who = [facts.children - 1, *range(0 if over else facts.children - 1)]
    if fault := cancelled_inside(facts, who, since=at):
        return fault
    if final in _errors(facts, before=at) | {CANCELLED}:
        return None
    return HANGS if final is None else swallowed(final)


def _nested(facts: Facts) -> str | None:
    found = [facts.last.get(child) for child in facts.members]
    if any(one is None for one in found):
        return None
    return f"[[{', '.join(map(str, found[:-1]))}], {found[-1]}]"


def _shielded(facts: Facts) -> Fault | None:
    final = facts.final
    if fault := untouched(facts):
        return fault
    if facts.cancels:
        return cancelled_outside(facts)
    if final == "TimeoutError":
        return too_early(facts)
    return as_child(final, facts.last.get(0))


def _gathered(facts: Facts) -> Fault | None:
    final, errors = facts.final, _errors(facts)
    started = facts.stages.get("started")
    if facts.cancels:
        if final != CANCELLED and final not in errors:
            return HANGS if final is None else swallowed(final)
        if started is None:
            return untouched(facts)
        return cancelled_inside(facts, facts.members) if started < facts.cancels[0] and not errors else None
    if final == "TimeoutError":
        if fault := too_early(facts):
            return fault
        if not errors and any(facts.last.get(child, CANCELLED) is None for child in facts.members):
            return clauses.TIMEOUT, "child pending", "TimeoutError came out although what was waited for goes on"
        return None
    if not errors:
        return untouched(facts) or all_done(facts, final)
    # With an error, the timeout may be over before gather has heard of it: then it cancels the others as well.
    if final is None:
        return HANGS
    if final not in errors:
        return clauses.FIRST, "not an exception of a child", "What came out is something that no child raised"
    return None


NESTED_RULES: Final[dict[str, Rule]] = {
    "gather-in-gather": _gather_in_gather,
    "waiting-shielded": _shielded,
    "waiting-gathered": _gathered,
}
