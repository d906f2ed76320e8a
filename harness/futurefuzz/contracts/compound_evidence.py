"""Which clauses a run of a compound could have broken: each predicate asks for the events at which a clause is judged.

A completion in the order of the children says nothing about the order of results, and who waits for children of which
none is ever done tries no wake-up. The predicates read what the rules read (`compound_rules`, `thread_compound_rules`,
`waiter_rules`), and ask for the case in which a compound that is wrong would differ from one that is right.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from futurefuzz.contracts.compound_facts import CANCELLED, ENDING, Facts
from futurefuzz.contracts.thread_compound_rules import ThreadFacts, satisfied
from futurefuzz.contracts.waiter_rules import WAITERS
from futurefuzz.runs.history import Run

__all__ = ["SHAPES_OF", "tried"]

_OfLoop = Callable[[Facts], bool]

_GATHERS: Final = frozenset({"gather", "gather-exceptions"})
_WAITS: Final = frozenset({"wait-first", "wait-exception", "wait-all", "wait-timeout"})
_ONE: Final = frozenset({"waiting", "awaiting"})
_EACH: Final = frozenset({"as-completed", "as-completed-timeout"})
_WAITERS: Final = frozenset(WAITERS)
_NESTED: Final = frozenset({"gather-in-gather", "waiting-gathered"})
_COMPOUNDS: Final = _GATHERS | _WAITS | _ONE | _EACH | _NESTED | {"shield", "task-group", "waiting-shielded"}

#: clauses of compounds -> the shapes that they are about; of a compound of another shape they are not judged
SHAPES_OF: Final[dict[str, frozenset[str]]] = {
    "G1": _GATHERS | _NESTED | {"task-group"},
    "G2": _GATHERS | _NESTED,
    "G3": _GATHERS | _NESTED | _ONE | {"task-group"},
    "G4": _COMPOUNDS | _WAITERS,
    "G5": _COMPOUNDS | _WAITERS,
    "G6": frozenset({"waiting", "waiting-gathered", "waiting-shielded", "as-completed-timeout"}),
    "G7": _WAITS,
    "G8": _COMPOUNDS,
    "G9": _COMPOUNDS | _WAITERS,
    "G10": frozenset({"task-group"}),
    "G11": _EACH,
    "G12": _WAITERS,
    "G13": _WAITERS,
}


# ---- what several predicates ask ------------------------------------------------------------------------------------


def _since(facts: Facts) -> int:
    """From where on the compound hears of its children."""
    return facts.stages.get("started", facts.stages.get("made", facts.end))


def _ends(facts: Facts) -> list[tuple[int, int, str]]:
    """The children that the program completed, in the order in which a compound hears of them: place, child, outcome.

    Of those that were done before it began, it hears in their own order.
    """
    since = _since(facts)
    ends = [(at, child, label) for child, (at, label) in facts.ended.items() if child < facts.children]
    return sorted(ends, key=lambda end: (max(end[0], since), end[1] if end[0] < since else 0))


def _out_of_order(facts: Facts) -> bool:
    order = [child for _, child, _ in _ends(facts)]
    return order != sorted(order)


def _open_at(facts: Facts, at: int) -> bool:
    """Whether some child is completed after a place, or by nobody."""
    return any(facts.ended.get(child, (facts.end, ""))[0] > at for child in facts.members)


def _errors(facts: Facts) -> list[int]:
    """Places at which children failed, while the compound watched."""
    since = _since(facts)
    return [at for at, _, label in _ends(facts) if at > since and (label == CANCELLED or label[:2] == "e:")]


def _came_out(facts: Facts) -> bool:
    """The compound is done, and not because it was cancelled."""
    return not facts.cancels and facts.final is not None


# ---- compounds on a loop --------------------------------------------------------------------------------------------


def _order(facts: Facts) -> bool:
    return _came_out(facts) and str(facts.final).startswith("[") and _out_of_order(facts)


def _first(facts: Facts) -> bool:
    return not facts.cancels and any(_open_at(facts, at) for at in _errors(facts))


def _inward(facts: Facts) -> bool:
    return bool(facts.cancels) and _since(facts) < facts.cancels[0] and _open_at(facts, facts.cancels[0])


def _untouched_by_cancel(facts: Facts) -> bool:
    """It was cancelled, or came back, while a child was pending."""
    at = facts.cancels[0] if facts.cancels else facts.stages.get("ended", facts.end)
    return (bool(facts.cancels) or _came_out(facts)) and _open_at(facts, at)


def _untouched_by_error(facts: Facts) -> bool:
    return _first(facts)


def _untouched_before(facts: Facts) -> bool:
    """Somebody waited for a child that came to its own end."""
    return _came_out(facts) and facts.final != "TimeoutError" and any(at > _since(facts) for at, *_ in _ends(facts))


def _cancelled(facts: Facts) -> bool:
    return bool(facts.cancels)


def _timed_out(facts: Facts) -> bool:
    return not facts.cancels and "TimeoutError" in str(facts.final)


def _parted(facts: Facts) -> bool:
    return "ended" in facts.stages and _came_out(facts) and bool(facts.ended)


def _woken(facts: Facts) -> bool:
    return _came_out(facts) and bool(facts.ended)


def _faithful(facts: Facts) -> bool:
    """An outcome of a child's came out; or several who asked were told the same."""
    return _came_out(facts) and facts.final != "TimeoutError" and bool(facts.ended)


def _told(facts: Facts) -> bool:
    return _came_out(facts) and bool(facts.answers)


def _group(facts: Facts) -> bool:
    return not facts.cancels and any(
        any(
            facts.stages.get(f"member {child}", facts.end) < at and facts.ended.get(child, (facts.end, ""))[0] > at
            for child in facts.members
        )
        for at in _errors(facts)
    )


def _each(facts: Facts) -> bool:
    return _came_out(facts) and str(facts.final).startswith("[") and _out_of_order(facts)


def _handler(facts: Facts) -> bool:
    return bool(facts.ended)


# ---- primitives -----------------------------------------------------------------------------------------------------


class _Line:
    """Who of the waiters was woken by what was given, and who was cancelled meanwhile.

    Attributes:
        handed_on: somebody was cancelled who had been woken, while others waited.
        left: how many are left waiting.
        taken: how many went on.
    """

    __slots__ = ("handed_on", "left", "taken")

    def __init__(self, facts: Facts, shape: str) -> None:
        waiters = list(facts.last)
        waiting = list(waiters)
        woken = {waiting.pop(0) for _ in range(min(WAITERS[shape], len(waiting)))}
        self.handed_on = False
        events = sorted([(at, -1) for at, _ in facts.sets] + [(at, waiter) for waiter, at in facts.asked.items()])
        for _, waiter in events:
            if waiter < 0:
                many = len(waiting) if shape == "event" else min(1, len(waiting))
                woken.update(waiting.pop(0) for _ in range(many))
            elif waiter in woken:
                self.handed_on |= bool(waiting) or shape == "event"
            elif waiter in waiting:
                waiting.remove(waiter)
        ends = [facts.last[waiter] for waiter in waiters]
        self.left = ends.count(None)
        self.taken = sum(end is not None and end != CANCELLED for end in ends)


def _of_waiters(shape: str) -> dict[str, _OfLoop]:
    return {
        "G4": lambda facts: 0 < len(facts.asked) < len(facts.last),
        "G5": lambda facts: bool(facts.asked),
        "G9": lambda facts: _Line(facts, shape).taken > 0,
        "G12": lambda facts: _Line(facts, shape).handed_on,
        "G13": lambda facts: _Line(facts, shape).left > 0 or (shape in ("queue", "event") and bool(facts.sets)),
        "G14": lambda facts: bool(facts.sets or facts.asked),
    }


def _of_what_ends(shape: str) -> dict[str, _OfLoop]:
    """Of a primitive that can be shut down or broken."""
    return {
        **_of_waiters(shape),
        "G12": lambda facts: bool(facts.breaks) or (shape == "barrier" and bool(facts.sets)),
        "G13": lambda facts: bool(facts.last) and (not facts.sets or _Line(facts, shape).taken > 1),
    }


def _of_compounds(shape: str) -> dict[str, _OfLoop]:
    untouched = _untouched_by_cancel
    if shape in _GATHERS or shape in _NESTED:
        untouched = _untouched_by_error
    elif shape in _ONE or shape == "task-group":
        untouched = _untouched_before
    return {
        "G1": _order,
        "G2": _first,
        "G3": _inward,
        "G4": untouched,
        "G5": _cancelled,
        "G6": _timed_out,
        "G7": _parted,
        "G8": _woken,
        "G9": _told if shape in _WAITS else _faithful,
        "G10": _group,
        "G11": _each,
        "G14": _handler,
    }


# ---- threads --------------------------------------------------------------------------------------------------------


def _answered(facts: ThreadFacts, _shape: str) -> bool:
    return bool(facts.answers) and bool(facts.done_before(facts.answers[-1].at))


def _waited(facts: ThreadFacts, shape: str) -> bool:
    """A thread had to wait, and came back."""
    return any(
        answer.waited and not satisfied(shape, facts.futures, facts.done_before(answer.begun))
        for answer in facts.answers
    )


def _several(facts: ThreadFacts, shape: str) -> bool:
    """Several came out; or, where there is a timeout, it was over and something had been done before."""
    if shape == "as-completed-timeout":
        cut = [answer for answer in facts.answers if answer.said.endswith("TimeoutError]")]
        return any(len(facts.futures) > len(facts.done_before(answer.begun)) > 0 for answer in cut)
    return len(facts.futures) > 1 and any(answer.said.startswith("[") for answer in facts.answers)


_OF_THREADS: Final[dict[str, Callable[[ThreadFacts, str], bool]]] = {"G7": _answered, "G8": _waited, "G11": _several}


# ---- for the witness ------------------------------------------------------------------------------------------------


@cache
def _tests(shape: str) -> tuple[tuple[str, _OfLoop], ...]:
    table = _of_what_ends if shape in ENDING else _of_waiters if shape in WAITERS else _of_compounds
    return tuple((clause, test) for clause, test in table(shape).items() if shape in SHAPES_OF.get(clause, {shape}))


def tried(contract: str, shape: str, run: Run) -> list[str]:
    """The clauses that a run could have broken.

    Args:
        contract, shape: of a target that makes groups.
        run: of a program whose outcome is judged (`compound_facts.judged`), to its end.
    """
    children = run.program.futures - 1
    if contract == "concurrent-compound":
        threads = ThreadFacts(run, children)
        return [
            clause for clause, test in _OF_THREADS.items() if shape in SHAPES_OF[clause] and test(threads, shape)
        ]
    facts = Facts(run, -1 if shape in WAITERS else children)
    nothing = len(facts.last) < run.program.futures if shape in WAITERS else "made" not in facts.stages
    return [] if nothing else [clause for clause, test in _tests(shape) if test(facts)]
