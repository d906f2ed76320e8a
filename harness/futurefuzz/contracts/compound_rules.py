"""What each compound promises, as a judgement of a run's facts: one rule a function, named by the target's shape.

All of it happens on one thread, so completions have an order, and who was cancelled by whom is known. What the rules do
not fix is when a turn of the loop brings a completion to the compound: CPython's releases differ there, and the
documentation does not say. So a rule compares what is settled when the loop is idle for good, and the order of
completions, and leaves open what a race within one turn may decide. In doubt a rule says nothing.

Semantics: Lib/asyncio/tasks.py, timeouts.py and taskgroups.py of CPython 3.11 to 3.15, and their documentation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from futurefuzz.contracts import compound_clauses as clauses
from futurefuzz.contracts.compound_facts import CANCELLED, Facts
from futurefuzz.contracts.verdict import Clause

__all__ = [
    "HANGS",
    "RULES",
    "Fault",
    "Rule",
    "all_done",
    "as_child",
    "cancelled_inside",
    "cancelled_outside",
    "is_error",
    "swallowed",
    "too_early",
    "untouched",
]

#: clause, detail, cause
Fault = tuple[Clause, str, str]
Rule = Callable[[Facts], Fault | None]

#: what stands around exceptions in the label of a group, which may hold groups
_GROUP: Final = re.compile(r"\w*ExceptionGroup\[|\]")


# ---- what several rules share ---------------------------------------------------------------------------------------


def untouched(facts: Facts) -> Fault | None:
    """Nobody has cancelled a child but the program."""
    if facts.taken():
        return clauses.UNTOUCHED, "child cancelled", "A child is cancelled although nobody cancelled it"
    return None


def cancelled_inside(facts: Facts, who: list[int] | range, *, since: int | None = None) -> Fault | None:
    """Whether a cancellation has reached what was waited for; where it does so at once, `since` is its place.

    A task hands its cancellation on when it has its next turn; until then somebody else may complete a child.
    """
    for child in who:
        last = facts.last.get(child, CANCELLED)
        late = since is not None and last != CANCELLED and facts.ended.get(child, (since, ""))[0] >= since
        if last is None or late:
            return clauses.INWARD, "child not cancelled", "What was waited for was not cancelled with the waiter"
    return None


def cancelled_outside(facts: Facts) -> Fault | None:
    """A compound that was cancelled ends so."""
    if facts.final == CANCELLED:
        return None
    return HANGS if facts.final is None else swallowed(facts.final)


def swallowed(what: str) -> Fault:
    """A cancellation was accepted, and this came out."""
    return (
        clauses.OUTWARD,
        f"cancellation swallowed: {_kind(what)}",
        f"cancel returned True, and what came out is {_kind(what)} instead of the cancellation",
    )


def _kind(label: str | None) -> str:
    if label is None:
        return "nothing"
    word = {"v:": "a value", "e:": "an exception", "[": "a result", "Ex": "an ExceptionGroup"}
    return next((text for prefix, text in word.items() if label.startswith(prefix)), label)


def too_early(facts: Facts) -> Fault | None:
    """A TimeoutError came, and time was not up."""
    if "early" in facts.stages:
        return clauses.TIMEOUT, "too early", "TimeoutError came out before the timeout was over"
    return None


#: nobody came back
HANGS: Final[Fault] = (clauses.WAKE, "never done", "What was waited for has happened, and the waiter never came back")


def _order(facts: Facts, since: int) -> tuple[set[str], list[tuple[int, int, str]]]:
    """Outcomes of the children that were done before a place, and the others' completions in order."""
    early = {label for at, label in facts.ended.values() if at < since}
    later = sorted((at, child, label) for child, (at, label) in facts.ended.items() if at >= since)
    return early, later


def is_error(label: str) -> bool:
    """Whether gather takes an outcome for an exception."""
    return label == CANCELLED or label.startswith("e:")


# ---- gather and shield ----------------------------------------------------------------------------------------------


def _gather(facts: Facts) -> Fault | None:
    final = facts.final
    if not facts.cancels and (fault := untouched(facts)):
        return fault
    if facts.cancels and (fault := cancelled_inside(facts, facts.members, since=facts.cancels[0])):
        return fault
    early, later = _order(facts, facts.stages["made"])
    allowed = {label for label in early if is_error(label)}
    if not allowed:
        allowed.update([label for _, _, label in later if is_error(label)][:1])
    if facts.cancels:
        at = facts.cancels[0]
        before = {label for ended, label in facts.ended.values() if ended < at and label.startswith("e:")}
        if final in (allowed & before) | {CANCELLED}:
            return None
        return HANGS if final is None else swallowed(final)
    if not allowed:
        return all_done(facts, final)
    if final is None:
        return clauses.FIRST, "never done", "A child raised, and gather was not done with it"
    if final not in allowed:
        return clauses.FIRST, "not the first exception", "gather is done with something else than the first exception"
    return None


def _gather_exceptions(facts: Facts) -> Fault | None:
    if not facts.cancels:
        return untouched(facts) or all_done(facts, facts.final)
    if fault := cancelled_inside(facts, facts.members, since=facts.cancels[0]):
        return fault
    return cancelled_outside(facts)


def _listed(facts: Facts) -> str | None:
    """The outcomes of all children in their order; None when one is pending."""
    found = [facts.last.get(child) for child in facts.members]
    if any(one is None for one in found):
        return None
    return f"[{', '.join('CancelledError' if one == CANCELLED else str(one) for one in found)}]"


def all_done(facts: Facts, final: str | None, listed: str | None = None) -> Fault | None:
    """The compound has the outcomes of all children, as listed (in one list, where that is not given)."""
    expected = listed or _listed(facts)
    if final == expected:
        return None
    if expected is None:
        return clauses.FIRST, "done early", "The compound is done although a child is pending and none has raised"
    if final is None:
        return HANGS
    if _items(final) == _items(expected):
        return clauses.ORDER, "results in another order", "The results are not in the order of the children"
    return clauses.FAITHFUL, "other results", f"What came out is {_kind(final)}, which is not what the children have"


def _shield(facts: Facts) -> Fault | None:
    if fault := untouched(facts):
        return fault
    final, inner = facts.final, facts.last.get(0)
    if facts.cancels:
        return None if final == CANCELLED else swallowed(str(final))
    return as_child(final, inner)


def _items(listed: str) -> list[str]:
    return sorted(listed.replace("[", "").replace("]", "").split(", "))


def as_child(final: str | None, inner: str | None) -> Fault | None:
    """The compound ended as its child."""
    if final == inner:
        return None
    if final is None:
        return HANGS
    return clauses.FAITHFUL, f"other outcome: {_kind(final)}", f"What came out is {_kind(final)}, which did not go in"


# ---- tasks that wait for one future ---------------------------------------------------------------------------------


def _waiting(facts: Facts) -> Fault | None:
    final = facts.final
    started = facts.stages.get("started")
    if facts.cancels:
        if fault := cancelled_outside(facts):
            return fault
        if started is None:
            return untouched(facts)  # cancelled before its first step: it never came to wait
        return cancelled_inside(facts, range(1)) if started < facts.cancels[0] else None
    if final == "TimeoutError":
        if fault := too_early(facts):
            return fault
        late = facts.ended.get(0, (0, ""))[0] > facts.stages.get("timed out", facts.end)
        if late or facts.last.get(0, CANCELLED) is None:
            return clauses.TIMEOUT, "child pending", "TimeoutError came out although what was waited for goes on"
        return None
    return untouched(facts) or as_child(final, facts.last.get(0))


# ---- TaskGroup ------------------------------------------------------------------------------------------------------


def _task_group(facts: Facts) -> Fault | None:
    final = facts.final
    entered = [child for child in facts.members if f"member {child}" in facts.stages]
    errors = sorted((at, label) for at, label in (facts.ended.get(c, (0, "")) for c in entered) if label[:2] == "e:")
    raised = _GROUP.sub("", final).split(", ") if final is not None and final.startswith("ExceptionGroup[") else []
    if not facts.cancels and not errors and (fault := untouched(facts)):
        return fault
    if not set(raised) <= {label for _, label in errors}:
        return clauses.GROUP, "unknown exception", "The ExceptionGroup holds what no task of the group raised"
    if facts.cancels:
        before = [c for c in entered if facts.stages[f"member {c}"] < facts.cancels[0]]
        if final != CANCELLED and not raised:
            return HANGS if final is None else swallowed(final)
        return cancelled_inside(facts, before)
    if errors:
        at, first = errors[0]
        if final is None:
            return clauses.GROUP, "never done", "A task of the group raised, and the group never came to its end"
        if not raised:
            return clauses.GROUP, "exception lost", "A task of the group raised, and no ExceptionGroup came out"
        since = facts.stages["started"]
        early = {label for ended, label in errors if ended < since}
        if not set(raised) & (early or {first}):
            return clauses.GROUP, "first exception lost", "The ExceptionGroup does not hold the first exception"
        pending = [c for c in entered if facts.stages[f"member {c}"] < at and facts.last.get(c, "") is None]
        if pending:
            return clauses.GROUP, "task goes on", "A task raised, and another one of the group was not cancelled"
        return None
    return None if "started" not in facts.stages else all_done(facts, final)


# ---- wait and as_completed ------------------------------------------------------------------------------------------


def _wait(condition: Callable[[Facts, list[int]], bool], *, timeout: bool = False) -> Rule:
    def rule(facts: Facts) -> Fault | None:
        final = facts.final
        if fault := untouched(facts):
            return fault
        if facts.cancels:
            return cancelled_outside(facts)
        if final is None:
            done = [child for child in facts.members if facts.last.get(child) is not None]
            return HANGS if "started" in facts.stages and condition(facts, done) else None
        ended = facts.stages.get("ended", -1)
        try:
            done, pending = json.loads(final)
        except ValueError:
            return clauses.PARTS, f"raised {final}", f"wait raised {final} instead of giving its two sets"
        if sorted(done + pending) != list(facts.members):
            return clauses.PARTS, "not a partition", "Some future is in none of the two sets, or in both"
        right = [child for child in facts.members if child in facts.ended and facts.ended[child][0] < ended]
        if done != right:
            return clauses.PARTS, "wrong sets", "The first set does not hold exactly the futures that were done"
        if not condition(facts, done) and not (timeout and "early" not in facts.stages):
            return clauses.PARTS, "came back early", "wait came back although its condition did not hold"
        return None

    return rule


def _any_done(facts: Facts, done: list[int]) -> bool:
    return bool(done)


def _all_of(facts: Facts, done: list[int]) -> bool:
    return len(done) == facts.children


def _failed_or_all(facts: Facts, done: list[int]) -> bool:
    return len(done) == facts.children or any(facts.ended.get(c, (0, ""))[1].startswith("e:") for c in done)


def _as_completed(facts: Facts) -> Fault | None:
    final = facts.final
    if fault := untouched(facts):
        return fault
    if facts.cancels:
        return cancelled_outside(facts)
    if final is None:
        return HANGS if "started" in facts.stages and _listed(facts) is not None else None
    if not final.startswith("["):
        return clauses.COMPLETION_ORDER, f"raised {final}", f"as_completed let out {final}"
    said = [] if final == "[]" else final[1:-1].split(", ")
    timed_out = said[-1:] == ["TimeoutError"]
    if timed_out:
        said.pop()
        if fault := too_early(facts):
            return fault
    elif len(said) != facts.children:
        return clauses.COMPLETION_ORDER, "not each once", "as_completed did not give each future once"
    early, later = _order(facts, facts.stages["started"])
    names = [CANCELLED if one == "CancelledError" else one for one in said]
    first = [label for at, label in facts.ended.values() if at < facts.stages["started"]]
    head = sorted(names[: len(first)])
    if head != sorted(first) and not (timed_out and set(head) <= early):
        return clauses.COMPLETION_ORDER, "out of order", "Futures that were done before do not come first"
    rest = [label for _, _, label in later]
    if names[len(first) :] != rest[: max(len(names) - len(first), 0)]:
        return clauses.COMPLETION_ORDER, "out of order", "Futures do not come in the order in which they were done"
    return None


RULES: Final[dict[str, Rule]] = {
    "gather": _gather,
    "gather-exceptions": _gather_exceptions,
    "shield": _shield,
    "waiting": _waiting,
    "awaiting": _waiting,
    "task-group": _task_group,
    "wait-first": _wait(_any_done),
    "wait-exception": _wait(_failed_or_all),
    "wait-all": _wait(_all_of),
    "wait-timeout": _wait(_all_of, timeout=True),
    "as-completed": _as_completed,
    "as-completed-timeout": _as_completed,
}
