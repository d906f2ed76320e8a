"""What `concurrent.futures.wait` and `as_completed` promise: judged with real time between calls and returns.

A child is done for certain from the return of the call that completed it, and for certain not before that call began.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final, NamedTuple

from attrs import define

from futurefuzz.contracts import compound_clauses as clauses
from futurefuzz.contracts.compound_facts import CANCELLED
from futurefuzz.contracts.compound_rules import Fault
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Outcome, Run

__all__ = ["SHAPES", "Answer", "ThreadFacts", "judge_threads", "satisfied"]

#: shapes of targets that this module judges
SHAPES: Final = frozenset({"wait-first", "wait-exception", "wait-all", "as-completed", "as-completed-timeout"})

_NONE: Final = ("returned", "None")
_TRUE: Final = ("returned", "True")
_NEVER: Final = 1 << 60


@define
class _Child:
    """Where a child was completed at the earliest, and for certain; with what; where its cancellation was announced
    (`set_running_or_notify_cancel` came back)."""

    begun: int = _NEVER
    done: int = _NEVER
    label: str = ""
    announced: int = _NEVER


class Answer(NamedTuple):
    """What the compound told a thread.

    Args:
        begun, at: places of the call and its return.
        waited: it was to wait until the condition holds.
        said: the answer.
    """

    begun: int
    at: int
    waited: bool
    said: str


class ThreadFacts:
    """A run, read once.

    Args:
        run: its history.
        children: how many futures there are before the compound.

    Attributes:
        futures: the children.
        answers: of the compound.
        blocked: places where a thread waits for it for ever.
    """

    __slots__ = ("answers", "blocked", "futures")

    def __init__(self, run: Run, children: int) -> None:
        self.futures = [_Child() for _ in range(children)]
        self.answers: list[Answer] = []
        self.blocked: list[int] = []
        calls: dict[tuple[int, str], int] = {}
        for at, (kind, _, carrier, site, what, outcome) in enumerate(run.history):
            if not isinstance(what, Operation):
                continue
            compound = what.future == children and what.name == "result"
            if kind == "call":
                calls[carrier, site] = at
            elif kind == "waiting" and compound:
                self.blocked.append(at)
            elif kind == "return" and outcome is not None:
                begun = calls[carrier, site]
                if what.future < children:
                    _note(self.futures[what.future], what, site, begun, at, outcome)
                elif compound and outcome.what != "skipped":
                    self.answers.append(Answer(begun, at, what.argument == "wait", outcome.what))

    def done_before(self, at: int) -> list[int]:
        """The children that were done for certain at a place."""
        return [child for child, one in enumerate(self.futures) if one.done < at]


def judge_threads(shape: str, run: Run, children: int) -> list[tuple[int, Fault]]:
    """Judge a run.

    Args:
        shape: one of `SHAPES`.
        run: its history.
        children: how many futures there are before the compound.

    Returns:
        Faults with their places in the history.
    """
    facts = ThreadFacts(run, children)
    futures = facts.futures
    found: list[tuple[int, Fault]] = []
    for begun, at, waited, said in facts.answers:
        judge = _yielded if shape.startswith("as-completed") else _parted
        fault = judge(shape, futures, begun, at, said, waited=waited)
        if fault is not None:
            found.append((at, fault))
    if facts.blocked and run.status != "livelock":
        done = facts.done_before(_NEVER)
        if satisfied(shape, futures, done):
            why = _because(futures, done, _NEVER)
            cause = "A thread waits for ever although what it waits for has happened"
            found.append((facts.blocked[0], (clauses.WAKE, f"never done{why}", cause)))
    return found


def _note(child: _Child, what: Operation, site: str, begun: int, at: int, outcome: Outcome) -> None:
    name = what.name
    if name == "set_running" and outcome[0] == "returned":
        child.announced = min(child.announced, at)
    wins = outcome == _NONE if name in ("set_result", "set_exception") else name == "cancel" and outcome == _TRUE
    if wins:
        child.begun = min(child.begun, begun)
        if at < child.done:
            child.done = at
            child.label = CANCELLED if name == "cancel" else {"set_result": "v:"}.get(name, "e:") + site


def satisfied(shape: str, futures: list[_Child], done: Collection[int]) -> bool:
    """Whether what is waited for has happened, when these children are done."""
    if shape == "wait-first":
        return bool(done)
    if shape == "wait-exception" and any(futures[child].label.startswith("e:") for child in done):
        return True
    return len(done) == len(futures)


def _because(futures: list[_Child], who: list[int], until: int) -> str:
    """A future that was cancelled and not announced is a case of its own (gh-92001)."""
    quiet = any(futures[child].label == CANCELLED and futures[child].announced >= until for child in who)
    return ": cancelled, not announced" if quiet else ""


def _parted(shape: str, futures: list[_Child], begun: int, at: int, said: str, *, waited: bool) -> Fault | None:
    try:
        done, pending = json.loads(said)
    except ValueError:
        return clauses.PARTS, f"raised {said}", f"wait raised {said} instead of giving its two sets"
    if sorted(done + pending) != list(range(len(futures))):
        return clauses.PARTS, "not a partition", "Some future is in none of the two sets, or in both"
    missing = [child for child in pending if futures[child].done < begun]
    if missing:
        why = _because(futures, missing, begun)
        return clauses.PARTS, f"done future left out{why}", "A future that was done is not in the first set"
    if any(futures[child].begun > at for child in done):
        return clauses.PARTS, "pending future let in", "A future that nobody had completed is in the first set"
    if waited and not satisfied(shape, futures, done):
        return clauses.PARTS, "came back early", "wait came back although its condition did not hold"
    return None


def _yielded(shape: str, futures: list[_Child], begun: int, at: int, said: str, *, waited: bool) -> Fault | None:
    names = [] if said == "[]" else said.strip("[]").split(", ")
    timed_out = shape == "as-completed-timeout" and names[-1:] == ["TimeoutError"]
    if timed_out:
        del names[-1]
    given = [int(name) if name.isdecimal() else -1 for name in names]
    if timed_out:
        if waited:
            return clauses.COMPLETION_ORDER, "timed out", "as_completed raised TimeoutError although it had no timeout"
        if -1 in given or len(set(given)) < len(given) or len(given) == len(futures):
            return clauses.COMPLETION_ORDER, "not each once", "as_completed did not give each future once"
        missing = [child for child, one in enumerate(futures) if child not in given and one.done < begun]
        if missing:
            why = _because(futures, missing, begun)
            cause = "as_completed raised TimeoutError and had not given a future that was done before it was called"
            return clauses.COMPLETION_ORDER, f"done future left out{why}", cause
    elif sorted(given) != list(range(len(futures))):
        return clauses.COMPLETION_ORDER, "not each once", "as_completed did not give each future once"
    if any(futures[child].begun > at for child in given):
        return clauses.COMPLETION_ORDER, "pending future given", "as_completed gave a future that nobody had completed"
    return None
